"""A form of text: what every textual value of a stack's file is checked against."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, kw_only=True)
class Text:
    """Text of one form: how it is checked, what a refusal says, and an example that passes.

    `pattern` covers the whole value; `check` raises ValueError for what a pattern can't express; `mends`
    make of the usual slips what was probably meant.
    """

    pattern: str
    allowed: str
    example: str
    check: Callable[[str], None] | None = None
    mends: tuple[Callable[[str], str], ...] = ()

    def mended(self, value: str) -> str | None:
        """What was probably meant by `value`, if that is of this form."""
        usual: tuple[Callable[[str], str], ...] = (str.strip, str.lower)
        for mend in usual + self.mends:
            try:
                return self._checked(mend(value))
            except ValueError:
                continue
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the pattern, then the rest."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        """Pattern and example, for editors."""
        return {**handler(core), "pattern": f"^(?:{self.pattern})$", "examples": [self.example]}

    def _checked(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(self.allowed)
        if self.check is not None:
            self.check(value)
        return value
