"""What the tables are made of: names of constraints, and the columns that recur."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.schema import SchemaItem

from registry.store.packing import PackedUid

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

ID = BigInteger().with_variant(Integer, "sqlite")
# UIDs and ids compare byte by byte: a locale's collation may change under an index.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")

KINDS = "kind BETWEEN 1 AND 13"  # records.Kind


def code(size: int) -> String:
    """A short text that is, or is part of, a key."""
    return String(size).with_variant(String(size, collation="C"), "postgresql")


def later(column: str, **options: Any) -> ForeignKey:
    """A key to what is written later in the same transaction."""
    return ForeignKey(column, deferrable=True, initially="DEFERRED", **options)


def entry() -> Column[int]:
    """The act that made the row. The entry is written last, so the key is deferred."""
    return Column("entry", ID, later("entries.id"), nullable=False)


def uid(name: str = "uid", **options: Any) -> Column[str]:
    """A packed UID."""
    return Column(name, PackedUid, **options)


def key(name: str, *parts: Any) -> Column[int]:
    """A number that is, or is part of, a primary key; the program gives it."""
    return Column(name, *parts, primary_key=True, autoincrement=False)


def word(name: str) -> Column[int]:
    """An interned SOP Class, transfer syntax or modality."""
    return Column(name, Integer, ForeignKey("words.id"))


def history(name: str, *parts: SchemaItem, by_entry: bool = True) -> Table:
    """An append-only table, its rows found by entry."""
    indexes = [Index(f"ix_{name}_entry", "entry")] if by_entry else []
    return Table(name, metadata, *parts, *indexes, info={"history": True}, sqlite_with_rowid=False)


def on_postgresql(**options: Any) -> dict[str, Any]:
    """The ``info`` of an index that PostgreSQL keeps in a way of its own. Said to SQLAlchemy at once,
    the options would have it import all drivers of PostgreSQL, at each start of the program."""
    return {"postgresql": options}


def partial(name: str, *columns: str, where: str) -> Index:
    """An index on some of the rows."""
    return Index(name, *columns, sqlite_where=text(where), info=on_postgresql(where=text(where)))


def say_postgresql() -> None:
    """Say those options, where the dialect is there anyway."""
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options["postgresql"].update(index.info.get("postgresql", {}))
