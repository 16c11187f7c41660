"""What comes next: of a table, of load, of what fills up."""
