"""The part of the file selector that the mounted files change."""


class FileSelector:
    """Chooses the files to search in."""

    def default(self) -> tuple[str, list[str], int]:
        """Mode, selected files and the placeholder user of an app with logins."""
        return "disabled", [], -1
