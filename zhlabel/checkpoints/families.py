"""The families of encoders: one record each, of all in which they differ. A new one of existing parts is a record here.

What a family's record says is what its published checkpoints hold; the names of their variables occur here alone.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Names:
    """What one kind of file of a family calls its variables.

    Attributes:
        root: first part of every encoder variable's name.
        layer: path of a transformer layer, with {i} for its number.
        parts: canonical part of a layer to its path.
        projection: path of the projection from E to H; None: there is none.
        lm_head: canonical part of the head of masked words to its full name; None: the file has no such head.
        bare_mark: occurs in the names of a file that leaves the root out; "" for the family that is left over.
    """

    root: str
    layer: str
    parts: dict
    projection: str | None = None
    lm_head: dict | None = None
    bare_mark: str = ""


@dataclass(frozen=True)
class Family:
    """What differs between families.

    Attributes:
        name: the family in a normalised config.
        backbone: name of the class in ``bert4keras.models``.
        tensorflow: the names in TensorFlow files.
        hugging_face: the names in Hugging Face files; None: the family has no such files.
        shares_layers: whether all layers are one.
        embeds_at_own_width: whether embedding_size E is a value of its own; otherwise it is hidden_size.
        projects_words_alone: whether the word vector alone goes from E to H, without bias, and what is added to it has
            width H; otherwise the sum of the embeddings goes, with bias, where E is not H.
        default_activation: ``hidden_act`` where the config has none.
        tensorflow_gelu: what the word "gelu" means in TensorFlow files: the formula of the original code.
        dropout_rate: where the config has none; the original code's.
        aliases: other values of ``model_type`` whose variables are this family's, with this as the root of their names.
        config_marks: keys that tell the family of a config without ``model_type``.
        written_config: what is written into a config beside the normalised values.
        architecture: class of `transformers` that reads what is written; "": written in TensorFlow's form.
        learning_rates: peak rates that suit published checkpoints, for small, base and large ones.
    """

    name: str
    backbone: str
    tensorflow: Names
    hugging_face: Names | None
    learning_rates: tuple
    shares_layers: bool = False
    embeds_at_own_width: bool = True
    projects_words_alone: bool = False
    default_activation: str = "gelu"
    tensorflow_gelu: str = "gelu_erf"
    dropout_rate: float = 0.1
    aliases: tuple = ()
    config_marks: tuple = ()
    written_config: dict = field(default_factory=dict)
    architecture: str = ""

    def names(self, *, tensorflow):
        """Return the names of one kind of file."""
        return self.tensorflow if tensorflow else self.hugging_face

    @property
    def first_layer(self):
        """The canonical name of the first layer, or of the only one."""
        return "shared_layer" if self.shares_layers else "layer_0"


_BERT_LAYER = {
    "attention/query": "attention/self/query",
    "attention/key": "attention/self/key",
    "attention/value": "attention/self/value",
    "attention/output": "attention/output/dense",
    "attention/norm": "attention/output/LayerNorm",
    "feed_forward/inner": "intermediate/dense",
    "feed_forward/outer": "output/dense",
    "feed_forward/norm": "output/LayerNorm",
}
_GOOGLE_LAYER = {
    "attention/query": "attention_1/self/query",
    "attention/key": "attention_1/self/key",
    "attention/value": "attention_1/self/value",
    "attention/output": "attention_1/output/dense",
    "attention/norm": "LayerNorm",
    "feed_forward/inner": "ffn_1/intermediate/dense",
    "feed_forward/outer": "ffn_1/intermediate/output/dense",
    "feed_forward/norm": "LayerNorm_1",
}
_HUGGING_FACE_ALBERT_LAYER = {
    "attention/query": "attention/query",
    "attention/key": "attention/key",
    "attention/value": "attention/value",
    "attention/output": "attention/dense",
    "attention/norm": "attention/LayerNorm",
    "feed_forward/inner": "ffn",
    "feed_forward/outer": "ffn_output",
    "feed_forward/norm": "full_layer_layer_norm",
}
_TENSORFLOW_LM_HEAD = {
    "dense/kernel": "cls/predictions/transform/dense/kernel",
    "dense/bias": "cls/predictions/transform/dense/bias",
    "norm/gamma": "cls/predictions/transform/LayerNorm/gamma",
    "norm/beta": "cls/predictions/transform/LayerNorm/beta",
    "bias": "cls/predictions/output_bias",
}
_BERT_LM_HEAD = {
    "dense/kernel": "cls.predictions.transform.dense.weight",
    "dense/bias": "cls.predictions.transform.dense.bias",
    "norm/gamma": "cls.predictions.transform.LayerNorm.weight",
    "norm/beta": "cls.predictions.transform.LayerNorm.bias",
    "bias": "cls.predictions.bias",
}
_ALBERT_LM_HEAD = {
    "dense/kernel": "predictions.dense.weight",
    "dense/bias": "predictions.dense.bias",
    "norm/gamma": "predictions.LayerNorm.weight",
    "norm/beta": "predictions.LayerNorm.bias",
    "bias": "predictions.bias",
}
# ALBERT's original code has the form of GELU with tanh, and no dropout.
_ALBERT = {
    "backbone": "ALBERT",
    "shares_layers": True,
    "default_activation": "gelu_new",
    "tensorflow_gelu": "gelu_tanh",
    "dropout_rate": 0.0,
    "learning_rates": (1e-4, 5e-5, 1e-5),
}
_ONE_GROUP = {"num_hidden_groups": 1, "inner_group_num": 1}

_RECORDS = (
    Family(
        name="albert_brightmart",
        tensorflow=Names(
            root="bert",
            layer="encoder/layer_shared",
            parts=_BERT_LAYER,
            projection="embeddings/word_embeddings_2",
            lm_head=_TENSORFLOW_LM_HEAD,
        ),
        hugging_face=None,
        projects_words_alone=True,
        config_marks=("ln_type",),
        written_config={"ln_type": "postln", **_ONE_GROUP},
        **_ALBERT,
    ),
    Family(
        name="albert",
        tensorflow=Names(
            root="bert",
            layer="encoder/transformer/group_0/inner_group_0",
            parts=_GOOGLE_LAYER,
            projection="encoder/embedding_hidden_mapping_in",
            lm_head=_TENSORFLOW_LM_HEAD,
        ),
        hugging_face=Names(
            root="albert",
            layer="encoder/albert_layer_groups/0/albert_layers/0",
            parts=_HUGGING_FACE_ALBERT_LAYER,
            projection="encoder/embedding_hidden_mapping_in",
            lm_head=_ALBERT_LM_HEAD,
            bare_mark="albert_layer_groups",
        ),
        config_marks=("num_hidden_groups", "inner_group_num"),
        written_config=_ONE_GROUP,
        architecture="AlbertForMaskedLM",
        **_ALBERT,
    ),
    Family(
        name="electra",
        backbone="ELECTRA",
        tensorflow=Names("electra", "encoder/layer_{i}", _BERT_LAYER, "embeddings_project"),
        hugging_face=Names(
            "electra", "encoder/layer/{i}", _BERT_LAYER, "embeddings_project", bare_mark="embeddings_project"
        ),
        architecture="ElectraModel",
        learning_rates=(1e-4, 5e-5, 1e-5),
    ),
    Family(
        name="bert",
        backbone="BERT",
        tensorflow=Names("bert", "encoder/layer_{i}", _BERT_LAYER, lm_head=_TENSORFLOW_LM_HEAD),
        hugging_face=Names("bert", "encoder/layer/{i}", _BERT_LAYER, lm_head=_BERT_LM_HEAD),
        embeds_at_own_width=False,
        aliases=("ernie",),
        architecture="BertForMaskedLM",
        learning_rates=(1e-4, 2e-5, 1e-5),
    ),
)
FAMILIES = {family.name: family for family in _RECORDS}
