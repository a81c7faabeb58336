"""Writes every case to its rule's folder."""

from tests.golden_cases import files

if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
