"""PostgreSQL's catalogue: what the schema of a registry consists of, as the server tells it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

SCHEMA = (
    "coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass('alembic_version')), "
    "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()))"
)
"""The schema that the registry is in, as an SQL expression."""

_ON = "JOIN pg_class c ON c.oid = {} AND c.relnamespace = (SELECT " + SCHEMA + ")"

# Whoever is a superuser may switch a trigger off, also those that stand behind a foreign key.
_ALIVE = "('O', 'A')"

_QUERIES = {
    "table": f"""
        SELECT relname, relname, CASE WHEN relpersistence = 'p' THEN '' ELSE 'unlogged' END
        FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = {SCHEMA}""",
    "column": f"""
        SELECT c.relname, c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attcollation <> t.typcollation THEN ' collate ' || l.collname ELSE '' END
            || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
            || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        FROM pg_attribute a {_ON.format("a.attrelid")} AND c.relkind IN ('r', 'p')
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped""",
    "constraint": f"""
        SELECT c.relname, o.conname, pg_get_constraintdef(o.oid, true) || CASE WHEN EXISTS (
            SELECT FROM pg_trigger g WHERE g.tgconstraint = o.oid AND g.tgenabled NOT IN {_ALIVE}
        ) THEN ' disabled' ELSE '' END
        FROM pg_constraint o {_ON.format("o.conrelid")} WHERE o.contype IN ('c', 'f', 'p', 'u', 'x')""",
    "index": f"""
        SELECT c.relname, i.relname, regexp_replace(replace(
            pg_get_indexdef(x.indexrelid), ' ON ' || c.relnamespace::regnamespace || '.', ' ON '
        ), ' WITH \\([^)]*\\)', '') || CASE WHEN x.indisvalid THEN '' ELSE ' invalid' END
        FROM pg_index x {_ON.format("x.indrelid")} JOIN pg_class i ON i.oid = x.indexrelid
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint o WHERE o.conindid = x.indexrelid AND o.contype IN ('p', 'u', 'x')
        )""",
    "trigger": f"""
        SELECT c.relname, c.relname || '.' || g.tgname, pg_get_triggerdef(g.oid, true)
            || CASE WHEN g.tgenabled IN {_ALIVE} THEN '' ELSE ' disabled' END
        FROM pg_trigger g {_ON.format("g.tgrelid")} WHERE NOT g.tgisinternal""",
    "rule": f"""
        SELECT c.relname, c.relname || '.' || r.rulename, pg_get_ruledef(r.oid)
        FROM pg_rewrite r {_ON.format("r.ev_class")} WHERE c.relkind IN ('r', 'p')""",
    "function": f"""
        SELECT '', proname, prosrc || CASE WHEN prosecdef THEN ' security definer' ELSE '' END
        FROM pg_proc WHERE pronamespace = {SCHEMA} AND prokind = 'f' AND NOT EXISTS (
            SELECT FROM pg_depend d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = pg_proc.oid AND d.deptype = 'e'
        )""",
    "view": f"""
        SELECT relname, relname, pg_get_viewdef(oid, true)
        FROM pg_class WHERE relkind = 'v' AND relnamespace = {SCHEMA}""",
    "sequence": f"""
        SELECT relname, relname, '' FROM pg_class WHERE relkind = 'S' AND relnamespace = {SCHEMA}""",
}


def parts(connection: Connection) -> Iterator[tuple[str, str, str, str]]:
    """Each part of the schema: its sort, its table (empty: none), its name, its definition."""
    for sort, query in _QUERIES.items():
        for table, name, definition in connection.exec_driver_sql(query):
            yield sort, table, name, definition
