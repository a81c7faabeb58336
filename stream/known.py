"""Which institutions and catalogue items are known? The references that the engine looks things up in."""

from __future__ import annotations

import msgspec

from schemas.references import CatalogueItem, Institution, decode_catalogue_item, decode_institution


class Contents(msgspec.Struct, array_like=True):
    """All that is known, to be known in another process too."""

    institutions: dict[str, Institution] = {}
    items: dict[str, CatalogueItem] = {}


class KnownReferences:
    """Institutions and catalogue, whole in memory: some ten thousand of the one, some hundred thousand of the other."""

    def __init__(self, contents: Contents | None = None) -> None:
        self.contents = contents or Contents()
        self._institutions = self.contents.institutions
        self._items = self.contents.items

    def institution(self, fixmedins_code: str) -> Institution | None:
        """Its master record, None where there is none."""
        return self._institutions.get(fixmedins_code)

    def item(self, med_list_codg: str) -> CatalogueItem | None:
        """Its catalogue record, None where there is none."""
        return self._items.get(med_list_codg)

    def put_institution(self, value: bytes) -> None:
        """Take a record's value; raises `schemas.fields.Undecodable`."""
        record = decode_institution(value)
        self._institutions[record.fixmedins_code] = record

    def put_item(self, value: bytes) -> None:
        """Take a record's value; raises `schemas.fields.Undecodable`."""
        record = decode_catalogue_item(value)
        self._items[record.med_list_codg] = record

    def drop_institution(self, fixmedins_code: str) -> None:
        """Its record was deleted."""
        self._institutions.pop(fixmedins_code, None)

    def drop_item(self, med_list_codg: str) -> None:
        """Its record was deleted."""
        self._items.pop(med_list_codg, None)
