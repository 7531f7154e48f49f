"""What never leaves the collector: secrets, statements of databases, and what people ask, upload and get answered.

The patterns are Go's (RE2): no look-behind, and at most 1000 repetitions. Names of attributes are those of
opentelemetry.io/docs/specs/semconv, of OpenInference and of Traceloop.
"""

LONGEST = 256
"""Characters of a value that are kept: enough for a name, a path or the start of an error, not for a document."""

_SEPARATED = r"(?i)(^|.*[._-])({})([._-].*)?$"

MASKED_KEYS = (
    # Headers and gRPC's metadata, all of them: which ones are harmless isn't known.
    r"(?i)^(http\.(request|response)\.header|rpc\.grpc\.(request|response)\.metadata)\.",
    _SEPARATED.format(
        "authorization|cookies?|passwords?|passwd|secrets?|credentials?|api[._-]?keys?|private[._-]?key"
    ),
    r"(?i)(^|.*[._-])(token|session[._-]?(id|hash))$",
    r"(?i)^(url|http)\.query$",
    r"(?i)^db\.(statement|sql|query|operation\.parameter)(\..*)?$",
    # Language models and retrieval: questions, answers, passages, and the calls between.
    r"(?i)^(gen_ai|llm|openinference|traceloop|langchain|retrieval|embedding|reranker|tool)\.(.*\.)?"
    r"(prompts?|prompt_template|completions?|(input_|output_)?messages?|contents?|text|documents?|query|arguments?|"
    r"parameters|results?|system_instructions|instructions|input|output|values?|vector)(\..*)?$",
    r"(?i)^(.*[._])?(input|output)\.(values?|messages?)(\..*)?$",
    r"(?i)^(.*[._])?(prompts?|completions?|questions?|answers?|documents?|where_document|chunks?|passages?|"
    r"file_?names?)(\.[0-9]+)?(\.(text|contents?|values?))?$",
    # Who somebody is.
    r"(?i)^(enduser|user)\.(id|email|name|full_name|hash)$",
)
"""Attributes whose value is masked whole."""

MASKED_VALUES = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*",
    r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}",
    r"\beyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]+)*",
    r"\b(sk-|pa-|tvly-|ghp_|AIza)[A-Za-z0-9_-]{12,}",
    r"//[^/\s@]+@",
    # The query of an address: the sign-in's code, Gradio's session.
    r"\?[A-Za-z0-9_.~%+-]+=[^\s#\"']*",
    r"(?i)\b(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|session_hash)[\"']?\s*[=:]\s*[\"']?[^\s\"',;&]+",
    # SQLAlchemy's errors tell the statement and what it was given.
    r"\[(SQL|parameters): [\s\S]*",
    # Lists and maps that are longer than a text may be. (Texts are cut.)
    rf"(?s)^[\[{{].{{{LONGEST}}}.*",
)
"""Parts of values, wherever they are, that are masked."""
