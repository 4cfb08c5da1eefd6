"""Labels one text as a short script on `transformers` does: python -m benchmarks.contenders.transformers_cold

Arguments: FOLDER TEXT.
"""

import sys

import torch
from transformers import AutoTokenizer

from benchmarks.contenders.transformers_torch import AlbertClassifier


def main(folder, text):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AlbertClassifier.from_pretrained(folder).eval()
    encoded = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        probabilities = torch.sigmoid(model(encoded["input_ids"], encoded["attention_mask"]))[0]
    print([model.config.id2label[i] for i, p in enumerate(probabilities) if p >= model.config.threshold])


if __name__ == "__main__":
    main(*sys.argv[1:])
