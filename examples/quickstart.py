# %% [markdown]
# # zhlabel in a notebook
#
# Run it cell by cell in Jupyter, or in an editor that knows `# %%`, from the repository's folder.

# %% Train on the bundled sample; two epochs to see how it goes
import pandas as pd

import zhlabel

run = zhlabel.train("data/train.csv", epochs=2, progress=zhlabel.TerminalProgress())
print(run)

# %% Label new texts
texts = ["云岭机械宣布裁员四百人，工会已提起诉讼", "凌晨三点多，甘孜震感明显，县城部分老屋出现裂缝"]
for result in run.predict(texts):
    print(result)

# %% The probabilities themselves, one row a text, one column a label
probabilities = run.predict_proba(texts)
print(run.labels)
print(probabilities.round(3))

# %% Score it on texts that it has not seen
report = zhlabel.evaluate(run, "data/test.csv")
print(report.text)
print("micro F1", report["micro avg"]["f1-score"], "accuracy", report["accuracy"])

# %% Data as it lies in memory: pairs, or a DataFrame with the columns text and label
frame = pd.read_csv("data/train.csv", keep_default_na=False).rename(columns={"content": "text"})
small = zhlabel.train(frame.head(200), epochs=1, checkpoint="albert_tiny")
print(small.predict(frame["text"].head(3)))

# %% Keywords need no training
for keywords in zhlabel.extract_keywords(texts, method="yake", top_k=3):
    print([each["keyword"] for each in keywords])
