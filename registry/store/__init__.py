"""The database: schema, sessions, acts, and what is read and written. The only package that knows SQL."""
