"""Worlds that repairs alone are judged on. Importing a group registers its worlds."""

from evals.generated.repairs import asked, declined, measured, revisions, work

GROUPS = (asked, declined, measured, revisions, work)
