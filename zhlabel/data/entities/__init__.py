"""A file of texts with entities -> Example records, in any of the usual forms; recognised by content, never by name.

reader.py   which form a file has; every form becomes the same Examples
columns.py  lines of characters and tags
objects.py  JSON objects with character spans, or with keywords
"""

from zhlabel.data.entities.read import read_entity_examples

__all__ = ["read_entity_examples"]
