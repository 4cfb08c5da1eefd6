"""Writes a table as .xlsx, row by row, so that memory does not grow with it.

The form is that of ECMA-376 with all that is optional left out: one sheet, strings in their cells. The locks have no
package that writes it, and light labelling would need one more.
"""

import re
import zipfile
from xml.sax.saxutils import escape

from zhlabel.errors import InputError

LARGEST_ROWS = 1_048_576  # Excel's, with the header
_LARGEST_CELL = 32_767  # characters, as UTF-16 counts them
_LARGEST_SHEET = 2**31 - 10_000  # bytes of XML that a zip file holds without an extension that some readers lack
_LARGEST_WHOLE = 10**15  # beyond it a number, which is a float there, is no longer each whole one
_SPACE = "http://schemas.openxmlformats.org/"
_MAIN = f"{_SPACE}spreadsheetml/2006/main"
_OFFICE = f"{_SPACE}officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_FILES = {
    "[Content_Types].xml": f'<Types xmlns="{_SPACE}package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_SPACE}package/2006/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="results" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_SPACE}package/2006/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
# What XML can't hold, a line end that its readers would change, and what looks like such an escape
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class XlsxRows:
    """Writes results as the rows of one sheet.

    Args:
        path: the file, for messages.
        stream: the same, open and binary.
        table: a ``formats.Table``.
    """

    def __init__(self, path, stream, table):
        self._path, self._table, self._count = path, table, 0
        self._book = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)
        for name, content in _FILES.items():
            self._book.writestr(name, _HEAD + content)
        self._sheet, self._size = self._book.open("xl/worksheets/sheet1.xml", "w"), 0
        self._sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        self._add(table.columns)

    def add(self, results):
        """Add results, dicts as ``Writer.write`` takes them."""
        numbers = {"probability", *(name for name, kind in self._table.kept.items() if kind != "text")}
        for result in results:
            cells = self._table.list_cells(self._path, result)
            self._add(
                result.get(name) if name in numbers else cell
                for name, cell in zip(self._table.columns, cells, strict=True)
            )

    def _add(self, cells):
        row = f"<row>{''.join(map(self._format, cells))}</row>".encode()
        if self._count == LARGEST_ROWS or self._size + len(row) > _LARGEST_SHEET:
            raise InputError(
                f"{self._path}: .xlsx has room for {LARGEST_ROWS:,} rows and two gigabytes, and they are full after "
                f"{self._count - 1:,} texts. Write .csv or .parquet instead."
            )
        self._count, self._size = self._count + 1, self._size + len(row)
        self._sheet.write(row)

    def _format(self, cell):
        if cell is None:
            return "<c/>"
        if hasattr(cell, "item"):  # of numpy
            cell = cell.item()
        if isinstance(cell, bool):
            return f'<c t="b"><v>{int(cell)}</v></c>'
        if isinstance(cell, (int, float)) and abs(cell) < _LARGEST_WHOLE:
            return f"<c><v>{cell!r}</v></c>"
        text = str(cell)
        if len(text.encode("utf-16-le")) > 2 * _LARGEST_CELL:
            raise InputError(
                f"{self._path}, row {self._count + 1}: a cell of .xlsx holds {_LARGEST_CELL:,} characters, and one has "
                f"{len(text):,}. Write .csv or .parquet instead."
            )
        escaped = _ESCAPED.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(escaped)}</t></is></c>'

    def close(self):
        """Write the file's end."""
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._book.close()
