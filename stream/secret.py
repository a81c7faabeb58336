"""How does a secret stay out of reprs, logs and error messages?"""


class Secret:
    """A text that shows itself only when asked.

    >>> Secret("open sesame")
    ***
    >>> Secret("open sesame").reveal()
    'open sesame'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
