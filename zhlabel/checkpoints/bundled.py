"""The checkpoints that come with the project: their files, known by content wherever they lie, and their rates."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Bundled:
    """A checkpoint that comes with the project.

    Attributes:
        files: sha256 of a file (line ends of text as "\\n") to its name.
        learning_rate: peak rate that was found for it.
    """

    files: dict
    learning_rate: float


BUNDLED = {
    "albert_tiny": Bundled(
        files={
            "d8cf18fecdf2ce8035df172fbbc18263cf8e9e23aafba27363483efd103704eb": "config.json",
            "3e2940d40bbaccd75f20bb2ab6dfbae7f5a02da058305ad601ec3b1e6860a9c7": "vocab.txt",
            "a717000def31c551b286801fe6a9b72291d2c5a291e74dedf89d260573097b85": "model.safetensors",
        },
        learning_rate=5e-4,
    ),
    "albert_base": Bundled(
        files={
            "5d79221575504983930e28fe06a5749073fe26303cc64803fdcbf91cbe8b07e3": "config.json",
            "7f49ef6567a26d33716b5d57412c00e18cf3ae0fdf4046dd99356befc27dd4aa": "vocab.txt",
            "63e3f82e0199fe830813fbc74be159a8e2ed3b7a1ac6d6b592348a0634a03168": "model.safetensors",
        },
        learning_rate=2e-4,
    ),
}
_LARGEST = 128_000_000  # bytes; a larger file is not hashed


def find_bundled(file):
    """Return the names of the bundled checkpoints that a file belongs to by its content: none, one, or several.

    Args:
        file: a Path.
    """
    if not file.is_file() or file.stat().st_size > _LARGEST:
        return []
    content = file.read_bytes()
    if file.suffix in (".txt", ".json"):
        content = content.replace(b"\r\n", b"\n")
    digest = hashlib.sha256(content).hexdigest()
    return [name for name, bundled in BUNDLED.items() if digest in bundled.files]
