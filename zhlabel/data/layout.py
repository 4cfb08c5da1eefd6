"""What a user says of how a file of texts is laid out, where it is not to be found by itself."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Layout:
    """How files are read; "" means: found in each file by itself.

    Attributes:
        text_column: the column, or JSON key, of the texts; several, with commas between, are joined by a line end.
        label_column: that of the labels; several hold 0 and 1 and are a label each; in Label Studio's JSON the control.
        label_separator: what stands between the labels in a cell; "none": a cell is one label, whole.
    """

    text_column: str = ""
    label_column: str = ""
    label_separator: str = ""

    @classmethod
    def pick(cls, values):
        """Return the Layout among ``values``, a dict of settings of whatever version; what it lacks is ""."""
        return cls(**{field.name: values.get(field.name, "") for field in fields(cls)})

    def fill(self, other):
        """Return this Layout, and where it says nothing what another says."""
        return replace(self, **{name: value for name, value in vars(other).items() if not getattr(self, name)})
