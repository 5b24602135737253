"""The columns that hold packed UIDs (store/nibbles.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from registry.store.nibbles import REMEMBERED, pack, pack_all, prefix_range, unpack

__all__ = ["REMEMBERED", "PackedUid", "Written", "pack", "pack_all", "prefix_range", "unpack"]


class PackedUid(TypeDecorator[str]):
    """A column that holds packed UIDs and shows them as text."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        return None if value is None else pack(value)

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        return None if value is None else unpack(bytes(value))


class Written(FunctionElement[str]):
    """A packed UID as text, for what keeps it so: malformed ones can't be packed."""

    inherit_cache = True
    type = Text()


@compiles(Written, "sqlite")
def _on_sqlite(element: Written, compiler: Any, **options: Any) -> str:
    return f"replace(rtrim(hex({compiler.process(element.clauses, **options)}), 'F'), 'A', '.')"


@compiles(Written, "postgresql")
def _on_postgresql(element: Written, compiler: Any, **options: Any) -> str:
    key = compiler.process(element.clauses, **options)
    return f"replace(rtrim(upper(encode({key}, 'hex')), 'F'), 'A', '.')"
