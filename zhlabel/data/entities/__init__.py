"""A file of texts with entities -> Example records, in any of the usual forms; recognised by content, never by name.

read.py            which form a file has; every form becomes the same Examples, borders trimmed
layouts.py         what the columns of a line are
columns.py         lines of characters and tags
sentences.py       tokens with tags to a text with entities
objects.py         objects with spans, tags or keywords
studio.py          Label Studio's tasks
marks.py           one span, checked against its text
keyword_places.py  keywords without spans
borders.py         which characters no entity begins or ends with
"""

from zhlabel.data.entities.read import read_entity_examples

__all__ = ["read_entity_examples"]
