"""Files and DuckDB: where measurements lie, how they are sealed, how they are queried."""
