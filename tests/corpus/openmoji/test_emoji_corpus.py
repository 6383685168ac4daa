"""The embedded corpus (`readers.openmoji`): held out, and whether the noise is what it says."""

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pacl_core.corpus.openmoji.glyphs import Glyph, Sentiment, group_of, read_glyphs, render
from pacl_core.corpus.openmoji.noisy_posts import NoisyPost, noisy_posts, telling_words
from pacl_core.corpus.openmoji.recipe import EmojiRecipe, corpus_glyphs, group_sentiments, load_recipe, splits
from pacl_core.corpus.provenance import MATCHED, Provenance
from pacl_core.corpus.readers import read_posts
from pacl_core.errors import UserError
from pacl_core.params.pairs import PairsParams
from tests.paths import ROOT

RECIPE = ROOT / "data" / "corpora" / "openmoji.yaml"


@pytest.fixture(scope="module")
def recipe() -> EmojiRecipe:
    return load_recipe(RECIPE)


@pytest.fixture(scope="module")
def corpus(recipe: EmojiRecipe) -> list[Glyph]:
    return corpus_glyphs(read_glyphs(), recipe)


@pytest.fixture(scope="module")
def posts(corpus: list[Glyph], recipe: EmojiRecipe) -> list[NoisyPost]:
    return noisy_posts(corpus, recipe)


def valence(glyph: Glyph, recipe: EmojiRecipe) -> float | None:
    if glyph.sentiment and glyph.sentiment.uses >= recipe.min_uses:
        return glyph.sentiment.valence
    groups = group_sentiments(read_glyphs(), recipe.min_uses)
    return groups[glyph.group].valence if glyph.group in groups else None


@pytest.mark.parametrize(
    ("stem", "group"),
    [
        ("1F600", "1F600"),
        ("2764", "2764"),
        ("2640", "2640"),  # the female sign itself
        ("1F3C3-200D-2640-FE0F", "1F3C3"),  # woman running
        ("1F3C3-200D-2640-FE0F-200D-27A1-FE0F", "1F3C3"),  # and facing right
        ("1F468-200D-1F33E", "1F9D1-1F33E"),  # man farmer
        ("1F9D1-200D-1F33E", "1F9D1-1F33E"),  # farmer
        ("1F467", "1F9D2"),  # girl, child
        ("1F468-200D-1F469-200D-1F466", "1F46A"),  # family
        ("1F469-200D-2764-FE0F-200D-1F48B-200D-1F468", "1F48F"),  # kiss
        ("2764-FE0F-200D-1F525", "2764-1F525"),  # heart on fire is another emoji than a heart
    ],
)
def test_variants_of_one_emoji_form_a_group(stem: str, group: str) -> None:
    assert group_of(stem) == group


def test_glyphs_leave_out_skin_tones_flags_and_keycaps() -> None:
    glyphs = read_glyphs()
    signs = {int(code, 16) for glyph in glyphs for code in glyph.stem.split("-")}
    assert len(glyphs) == len({glyph.stem for glyph in glyphs}) > 1500
    assert not signs & {*range(0x1F3FB, 0x1F400), *range(0x1F1E6, 0x1F200), 0x20E3}


def test_a_name_means_one_glyph() -> None:
    holders = Counter(name for glyph in read_glyphs() for name in glyph.names)
    assert [name for name, count in holders.items() if count > 1] == []


def test_sentiment_is_the_rankings_laplace_estimate() -> None:
    # face with tears of joy, Table 4 of Kralj Novak et al.: 14,622 uses, score 0.221
    joy = next(glyph for glyph in read_glyphs() if glyph.stem == "1F602")
    assert joy.sentiment is not None and joy.sentiment.uses == 14622
    assert joy.sentiment.valence == pytest.approx(0.221, abs=5e-4)
    assert Sentiment(0, 0, 0).distribution == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_rendering_fills_the_square_on_white() -> None:
    with Image.open(io.BytesIO(render("1F600", 128))) as image:
        assert image.size == (128, 128)
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels[0, 0] == 255).all() and (pixels[64, 64] != 255).any()


def test_identical_drawings_are_never_in_two_groups() -> None:
    groups: dict[bytes, set[str]] = {}
    for glyph in read_glyphs():
        if glyph.sentiment or "-" in glyph.stem:  # where it could matter, and few enough to draw
            groups.setdefault(render(glyph.stem, 32), set()).add(glyph.group)
    assert [names for names in groups.values() if len(names) > 1] == []


def test_held_out_groups_are_neither_shown_nor_named(
    corpus: list[Glyph], posts: list[NoisyPost], recipe: EmojiRecipe
) -> None:
    split = splits(read_glyphs(), recipe)
    held_out = {group for group, part in split.items() if part != "train"}
    assert 0.39 < sum(part == "test" for part in split.values()) / len(split) < 0.41
    assert len(corpus) > 1200
    assert not held_out & {glyph.group for glyph in corpus}
    assert not held_out & {post.named.group for post in posts}
    held_out_names = {name for glyph in read_glyphs() if glyph.group in held_out for name in glyph.names}
    assert not held_out_names & {post.caption for post in posts}


def test_posts_follow_the_recipe(corpus: list[Glyph], posts: list[NoisyPost], recipe: EmojiRecipe) -> None:
    assert len(posts) == recipe.posts
    counts = Counter(post.provenance for post in posts)
    for provenance in Provenance:
        assert counts[provenance] == pytest.approx(recipe.shares.of(provenance) * recipe.posts, abs=1)
    assert {post.glyph.stem for post in posts} == {glyph.stem for glyph in corpus}
    assert all(post.caption in post.named.names for post in posts)
    assert max(Counter((post.glyph.stem, post.caption) for post in posts).values()) <= 2


def test_each_kind_of_caption_is_what_it_says(posts: list[NoisyPost], recipe: EmojiRecipe) -> None:
    for post in posts[::7]:
        shown, named = valence(post.glyph, recipe), valence(post.named, recipe)
        if post.provenance is Provenance.KEPT:
            assert post.named == post.glyph
            continue
        assert post.named.group != post.glyph.group
        if post.provenance is Provenance.RANDOM:
            assert shown is None or named is None or abs(shown - named) > recipe.same_gap
            continue
        assert shown is not None and named is not None
        if post.provenance is Provenance.SAME_SENTIMENT:
            assert abs(shown - named) <= recipe.same_gap
            assert not telling_words(post.glyph) & telling_words(post.named)
        else:
            assert abs(shown - named) >= recipe.opposite_gap
            assert telling_words(post.glyph) & telling_words(post.named)


def test_the_same_recipe_gives_the_same_posts_and_a_seed_others(
    corpus: list[Glyph], posts: list[NoisyPost], recipe: EmojiRecipe
) -> None:
    assert noisy_posts(corpus, recipe) == posts
    other = noisy_posts(corpus, recipe.model_copy(update={"seed": 1}))
    assert other != posts and len(other) == len(posts)


def test_provenance_says_what_a_perfect_partition_finds() -> None:
    assert set(MATCHED) == set(Provenance)
    assert len(set(MATCHED.values())) == 4
    assert MATCHED["kept"] == (True, True) and MATCHED["opposite_lookalike"] == (True, False)


def test_the_reader_yields_unique_keys_and_images(tmp_path: Path) -> None:
    small = RECIPE.read_text(encoding="utf-8").replace("posts: 4000", "posts: 300")
    (tmp_path / "small.yaml").write_text(small, encoding="utf-8")
    params = PairsParams(reader="openmoji", path=str(tmp_path / "small.yaml"), image_size=64)
    found = list(read_posts(params))
    assert len(found) == 300 == len({post.sample_id for post in found})
    assert {post.provenance for post in found} == {kind.value for kind in Provenance}
    stem = found[0].sample_id.rpartition("-")[0]
    assert found[0].image == render(stem, 64)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kept: 0.22", "kept: 0.5"), "must add up to 1"),
        (("posts: 4000", "postz: 4000"), "postz: unknown key; did you mean 'posts'"),
        (("test: 0.4", "test: 0.95"), "must leave groups for training"),
        (("opposite_gap: 0.4", "opposite_gap: 3"), "no emoji has a caption of kind 'opposite_lookalike'"),
        (("seed: 0", "seed: ["), "not valid YAML"),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        list(read_posts(PairsParams(reader="openmoji", path=str(path))))
    with pytest.raises(UserError, match="no such recipe"):
        list(read_posts(PairsParams(reader="openmoji", path=str(tmp_path / "none.yaml"))))
