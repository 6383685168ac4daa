"""The objective once more, in loops straight from paper Eq. 3 to 14: no tensor tricks, no shared code.

`s[v][t]` are similarities (image v, text t), read one by one; `f`, `e` labels.
"""

import torch
from torch import Tensor

Rows = list[list[float]]
FACTUAL = ("partial_emotional", "weak")
EMOTIONAL = ("partial_factual", "weak")


def best_image(s: Rows, t: int) -> int:
    column = [s[v][t] for v in range(len(s))]
    return column.index(max(column))


def best_text(s: Rows, v: int) -> int:
    row = [s[v][t] for t in range(len(s))]
    return row.index(max(row))


def m_f(s: Rows, f: list[int], t: int) -> set[int]:
    """Eq. 6: images that might be a factual match of text t."""
    label = f[best_image(s, t)]
    return {j for j in range(len(s)) if f[j] == label}


def m_f_inverse(s: Rows, f: list[int], v: int) -> set[int]:
    """Eq. 7."""
    return {j for j in range(len(s)) if v in m_f(s, f, j)}


def m_e(s: Rows, e: list[int], v: int) -> set[int]:
    """Eq. 9: texts that might be an emotional match of image v."""
    label = e[best_text(s, v)]
    return {j for j in range(len(s)) if e[j] == label}


def m_e_inverse(s: Rows, e: list[int], t: int) -> set[int]:
    """Eq. 10."""
    return {j for j in range(len(s)) if t in m_e(s, e, j)}


def anchor_loss(logits: list[Tensor], positives: set[int], negatives: set[int]) -> Tensor:
    """One half of Eq. 3: -log of the positives' part of positives and negatives together."""
    numerator = sum(torch.exp(logits[j]) for j in sorted(positives))
    denominator = sum(torch.exp(logits[j]) for j in sorted(positives | negatives))
    return -torch.log(numerator / denominator)


def naive_loss(s: Tensor, partition: str, f: list[int], e: list[int], temperature: float) -> Tensor:
    size, rows = len(s), s.tolist()
    total = torch.zeros((), dtype=s.dtype)
    # filters once per anchor: they are sets of indices, not part of the graph
    by_factual_v = [m_f_inverse(rows, f, v) for v in range(size)] if partition in FACTUAL else [set()] * size
    by_factual_t = [m_f(rows, f, t) for t in range(size)] if partition in FACTUAL else [set()] * size
    by_emotional_v = [m_e(rows, e, v) for v in range(size)] if partition in EMOTIONAL else [set()] * size
    by_emotional_t = (
        [m_e_inverse(rows, e, t) for t in range(size)] if partition in EMOTIONAL else [set()] * size
    )
    for i in range(size):
        others = {j for j in range(size) if j != i}
        of_image = {best_text(rows, i)} if partition == "weak" else {i}
        of_text = {best_image(rows, i)} if partition == "weak" else {i}
        row = [s[i, j] / temperature for j in range(size)]
        column = [s[j, i] / temperature for j in range(size)]
        total = total + 0.5 * anchor_loss(row, of_image, others - by_factual_v[i] - by_emotional_v[i])
        total = total + 0.5 * anchor_loss(column, of_text, others - by_factual_t[i] - by_emotional_t[i])
    return total / size


def sample_loss(s: Tensor, i: int, partition: str, f: list[int], e: list[int], temperature: float) -> Tensor:
    """What pair i, as image and as text anchor, adds to a batch in which it alone follows `partition`."""
    rows = s.tolist()
    others = {j for j in range(len(s)) if j != i}
    of_image = {best_text(rows, i)} if partition == "weak" else {i}
    of_text = {best_image(rows, i)} if partition == "weak" else {i}
    from_image, from_text = others, others
    if partition in FACTUAL:
        from_image, from_text = from_image - m_f_inverse(rows, f, i), from_text - m_f(rows, f, i)
    if partition in EMOTIONAL:
        from_image, from_text = from_image - m_e(rows, e, i), from_text - m_e_inverse(rows, e, i)
    image = anchor_loss([s[i, j] / temperature for j in range(len(s))], of_image, from_image)
    text = anchor_loss([s[j, i] / temperature for j in range(len(s))], of_text, from_text)
    return 0.5 * image + 0.5 * text
