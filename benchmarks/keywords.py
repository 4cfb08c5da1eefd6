"""Keyword extraction on published data sets: python -m benchmarks.keywords DATA OUT SET [METHOD ...]

DATA holds the sets' own files, a folder each; OUT gets converted files and the scores. SET is one of csl_keywords,
csl_dev, xfyun_papers, inspec, inspec_all, semeval2010, semeval2017. csl_keywords (dev), xfyun_papers (the first half)
and inspec (its 1,000 training texts) have a training part: there document frequencies are counted, and the methods kea,
ranker and tagger are trained, unless their run is in OUT. Elsewhere frequencies are counted in the set itself.
Without a METHOD all that need no training are compared.
"""

import csv
import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

from benchmarks.published import call
from zhlabel.keywords.registry import METHODS

PROJECT = Path(__file__).parents[1]
TRAINED = ("kea", "ranker", "tagger")
UNTRAINED = ("firstphrases", "tfidf", "kpminer", "yake", "sgrank", "textrank", "singlerank", "positionrank")
UNTRAINED += ("topicalpagerank", "topicrank", "multipartiterank", "keybert", "keybert_mmr", "keybert_maxsum")
TAGGER_FLAGS = {"--task": "ner", "--dev-file": "", "--head": "bilstm_crf", "--head-learning-rate": "2e-3"}
TAGGER_FLAGS["--adversarial"] = "1"
# What others published for the same texts and gold keywords: F1@10, stemmed, macro. inspec: Gallina et al. 2020, all
# with noun phrases by Stanford's tagger; the others: the table in the README of LIAAD/yake.
PUBLISHED = {
    "inspec": {"firstphrases": 0.293, "textrank": 0.358, "tfidf": 0.365, "positionrank": 0.342}
    | {"multipartiterank": 0.305, "keybert": 0.356, "kea": 0.345},
    "inspec_all": {"yake": 0.316, "singlerank": 0.378},
    "semeval2010": {"yake": 0.211, "kpminer": 0.261},
    "semeval2017": {"yake": 0.329, "singlerank": 0.449},
}


def read_csl(data, part):
    """Return (text, keywords) of one part of csl_keywords."""
    for line in (data / "csl_keywords" / f"{part}.tsv").read_text(encoding="utf-8").splitlines():
        _, text, keywords = line.split("\t")
        yield text, keywords.split("_")


def read_xfyun(data):
    """Return (title and abstract, keywords) of xfyun_papers."""
    with gzip.open(data / "xfyun_papers" / "test.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            keywords = [each.strip(" .") for each in row["Keywords"].split(";")]
            yield f"{row['title']}. {row['abstract']}", [each for each in keywords if each]


def read_zip(data, name):
    """Return {document's name: (text, keywords)} of one of the English sets."""
    with zipfile.ZipFile(data / "keyphrase_en" / f"{name}.zip") as file:
        names = sorted(each for each in file.namelist() if "/docsutf8/" in each and each.endswith(".txt"))
        wanted = [each for each in file.namelist() if each.endswith((".txt", ".key"))]
        read = {each: io.TextIOWrapper(file.open(each), encoding="utf-8").read() for each in wanted}
    found = {}
    for each in names:
        keywords = read[each.replace("/docsutf8/", "/keys/")[: -len(".txt")] + ".key"].splitlines()
        found[Path(each).stem] = (read[each], [" ".join(keyword.split()) for keyword in keywords if keyword.strip()])
    return found


def read_inspec(data, part):
    """Return (text, keywords) of Hulth's division of Inspec, with the keywords that the indexers chose freely."""
    texts = read_zip(data, "Inspec")
    gold = json.loads((data / "keyphrase_en" / "inspec_split_references" / f"{part}.uncontr.json").read_text("utf-8"))
    for name, variants in gold.items():
        yield texts[name][0], [each[0] for each in variants]


def split_half(pairs, part):
    pairs = list(pairs)
    half = len(pairs) // 2
    return pairs[:half] if part == "train" else pairs[half:]


# (DATA, "train" or "test") to pairs of text and keywords; None where there is no training part
SETS = {
    "csl_keywords": lambda data, part: read_csl(data, "dev" if part == "train" else "test"),
    "csl_dev": lambda data, part: None if part == "train" else read_csl(data, "dev"),
    "xfyun_papers": lambda data, part: split_half(read_xfyun(data), part),
    "inspec": read_inspec,
    "inspec_all": lambda data, part: None if part == "train" else read_zip(data, "Inspec").values(),
    "semeval2010": lambda data, part: None if part == "train" else read_zip(data, "SemEval2010").values(),
    "semeval2017": lambda data, part: None if part == "train" else read_zip(data, "SemEval2017").values(),
}


LANGUAGE = {name: "zh" if name.startswith("csl") else "en" for name in SETS}


def write_pairs(path, pairs):
    """Write texts and keywords as JSON lines."""
    with open(path, "w", encoding="utf-8") as stream:
        for text, keywords in pairs:
            stream.write(json.dumps({"text": text, "keywords": list(keywords)}, ensure_ascii=False) + "\n")


def train(name, method, files, out):
    """Train a supervised method on the set's training part, unless its run is there; give its folder."""
    folder = (out / "runs" / f"{name}-{method}").resolve()
    if method == "tagger":
        if not (folder / "run.json").is_file():
            call("model_train.py", TAGGER_FLAGS | {"--train-file": str(files["train"]), "--run": str(folder)}, out)
    elif not (folder / "keywords.json").is_file():
        flags = {"--method": method, "--train-file": str(files["train"]), "--language": LANGUAGE[name]}
        call("keyword_train.py", flags | {"--run": str(folder)}, out)
    return folder


def count(name, files, out):
    """Count the document frequencies of the set's training part, unless they are there; give the table."""
    table = (out / f"{name}.frequencies.tsv.gz").resolve()
    if not table.is_file():
        flags = {"--input-file": str(files["train"]), "--language": LANGUAGE[name], "--frequencies": str(table)}
        call("keyword_extract.py", flags, out)
    return table


def measure(name, data, out, methods):
    """Convert one set, train what is to be trained, score every method; gives {method: figures}."""
    files = {}
    for part in ("train", "test"):
        pairs = SETS[name](data, part)
        if pairs is not None:
            files[part] = (out / f"{name}.{part}.jsonl").resolve()
            write_pairs(files[part], pairs)
    figures = {}
    for method in methods:
        if method in TRAINED and "train" not in files:
            continue
        score_file = (out / f"{name}.{method}.json").resolve()
        flags = {"--method": method, "--input-file": str(files["test"]), "--score-file": str(score_file)}
        flags |= {"--checkpoint": str(PROJECT / "albert_tiny"), "--language": LANGUAGE[name]}
        if "train" in files and "frequencies" in METHODS[method].needs:
            flags["--frequencies"] = str(count(name, files, out))
        if method in TRAINED:
            flags["--run"] = str(train(name, method, files, out))
        call("keyword_extract.py", flags, out)
        figures |= json.loads(score_file.read_text(encoding="utf-8"))["methods"]
    return figures


def format_table(name, figures):
    """One row a method: F1 at 5, 10 and the number of gold keywords, exact; F1@10 loose; what others have."""
    lines = ["| method | F1@5 | F1@10 | F1@O | F1@10, stemmed or contained | published F1@10, stemmed |"]
    lines.append("|---|" + "---:|" * 5)
    for method, each in figures.items():
        exact, loose = each["exact"], each["loose"]
        cells = [exact["f1-score@5"], exact["f1-score@10"], exact["f1-score@O"], loose["f1-score@10"]]
        cells.append(PUBLISHED.get(name, {}).get(method))
        row = [method, *("" if cell is None else f"{cell:.4f}" for cell in cells)]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def main(data, out, name, *methods):
    """Measure the methods on one set, and print the table."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    print(format_table(name, measure(name, Path(data), out, methods or UNTRAINED)))


if __name__ == "__main__":
    main(*sys.argv[1:])
