"""One module for each suite; each has `run(cases) -> SuiteResult`."""
