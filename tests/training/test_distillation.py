"""Terms between a student and teachers of any number and names."""

import pytest
import torch

from pacl_core.training.distillation import Outputs, distillation_terms, feature_terms


def outputs(seed: int, dtype: torch.dtype = torch.float32) -> Outputs:
    generator = torch.Generator().manual_seed(seed)
    maps = [torch.randn(2, 3, 4, 4, generator=generator).to(dtype) for _ in range(3)]
    return Outputs(maps, torch.randn(2, 5, generator=generator).to(dtype))


def test_each_term_is_a_mean_over_images_and_elements() -> None:
    student, teacher = outputs(0), outputs(1)
    terms = distillation_terms(
        student, {"one": teacher}, {"student": torch.tensor(7.0)}, features={"one": [1, 3]}, logits=["one"]
    )
    assert list(terms) == ["feature_one_f1", "feature_one_f3", "logits_one", "target_student"]
    expected = sum((student.stages[2] - teacher.stages[2]).square().flatten().tolist()) / (2 * 3 * 4 * 4)
    assert terms["feature_one_f3"].item() == pytest.approx(expected, rel=1e-5)
    expected = sum((student.logits - teacher.logits).square().flatten().tolist()) / (2 * 5)
    assert terms["logits_one"].item() == pytest.approx(expected, rel=1e-5)
    assert terms["target_student"].item() == 7


def test_maps_alone_make_terms_and_those_in_half_precision_are_compared_in_float32() -> None:
    student, teacher = outputs(0, torch.bfloat16), outputs(1, torch.bfloat16)
    (term,) = feature_terms(student.stages, {"one": teacher.stages}, {"one": [2]}).values()
    assert term.dtype == torch.float32
    apart = student.stages[1].float() - teacher.stages[1].float()
    assert term.item() == pytest.approx(apart.square().mean().item(), rel=1e-6)


def test_a_stage_that_the_student_has_otherwise_is_refused() -> None:
    student, teacher = outputs(0), outputs(1)
    other = Outputs([one[:, :2] for one in teacher.stages], teacher.logits)
    with pytest.raises(ValueError, match="compared with a teacher's"):
        feature_terms(student.stages, {"one": other.stages}, {"one": [1]})
