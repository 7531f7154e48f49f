"""Generated text with the statistics of real text: Zipf's law, topics, chunks of uneven length."""

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from nltk.stem.snowball import SnowballStemmer

COMMON = (
    "the of and to in a is that it was for on are as with his they at be this have from or one had by word but "
    "not what all were we when your can said there use an each which she do how their if will up other about"
).split()
_TOPICS = 200


@dataclass(frozen=True)
class Corpus:
    """Texts, and questions about their topics: three rare words, two less rare and three common ones."""

    texts: list[str]
    questions: list[str]


def corpus(size: int, questions: int = 40, words: int = 160, seed: int = 7) -> Corpus:
    """`size` texts with a median of `words` words."""
    rng = np.random.default_rng(seed)
    onsets, codas = "b c d f g h k l m n p r s t v w st tr pl".split(), ("", "n", "r", "s", "l", "t")
    syllables = [o + v + c for o in onsets for v in "aeiou" for c in codas]
    vocabulary = list(COMMON)
    known = set(vocabulary)
    while len(vocabulary) < 60_000:
        length = 1 + (len(vocabulary) > 300) + (len(vocabulary) > 9000)
        if (word := "".join(rng.choice(syllables, length + int(rng.random() < 0.3)))) not in known:
            known.add(word)
            vocabulary.append(word)
    names = np.array(vocabulary, dtype=object)
    rank = np.arange(1, len(names) + 1)
    cumulative = np.cumsum(1 / (rank + 1.5) ** 1.05)
    cumulative /= cumulative[-1]
    topics = rng.integers(200, 20_000, (_TOPICS, 60))
    texts = []
    for length in np.clip(rng.lognormal(math.log(words), 0.55, size), 12, 6 * words).astype(int):
        chosen = np.searchsorted(cumulative, rng.random(length))
        on_topic = rng.random(length) < 0.12
        chosen[on_topic] = _pick(rng, topics, int(on_topic.sum()))
        texts.append(" ".join(names[np.minimum(chosen, len(names) - 1)]))
    asked = []
    for _ in range(questions):
        parts = [*_pick(rng, topics, 3), *rng.integers(100, 3000, 2), *rng.integers(0, 40, 3)]
        asked.append(" ".join(names[rng.permutation(parts)]))
    return Corpus(texts, asked)


def _pick(rng: np.random.Generator, topics: np.ndarray, count: int) -> np.ndarray:
    """Words of one topic, its first ones more often."""
    topic = topics[rng.integers(0, _TOPICS)]
    return topic[np.minimum(rng.exponential(12, count).astype(int), topics.shape[1] - 1)]


@cache
def _stem(word: str) -> str:
    return str(_STEMMER.stem(word))


_STEMMER = SnowballStemmer("english")


class Ranking:
    """BM25 by its definition, for judging what the stores find."""

    def __init__(self, texts: list[str], k1: float = 1.2, b: float = 0.75) -> None:
        self._k1 = k1
        counts = [Counter(_stem(word) for word in text.split()) for text in texts]
        lengths = np.array([sum(c.values()) for c in counts])
        self._norm = k1 * (1 - b + b * lengths / lengths.mean())
        self._postings: dict[str, list[tuple[int, int]]] = {}
        for number, count in enumerate(counts):
            for word, frequency in count.items():
                self._postings.setdefault(word, []).append((number, frequency))

    def best(self, question: str) -> list[int]:
        """Numbers of the texts with a word of the question, best first."""
        scores: Counter[int] = Counter()
        for word in {_stem(w) for w in question.split()}:
            found = self._postings.get(word, [])
            idf = math.log(1 + (len(self._norm) - len(found) + 0.5) / (len(found) + 0.5))
            for number, frequency in found:
                scores[number] += idf * frequency * (self._k1 + 1) / (frequency + self._norm[number])
        return [number for number, _ in scores.most_common()]
