"""Who plays in the scenes: no part shares a thing, a family of things or a face with another."""

from itertools import combinations

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.scenes.cast import PARTS, Cast, cast, family, is_thing, valence
from pacl_core.corpus.scenes.recipe import SceneRecipe


def test_parts_share_nothing(players: Cast) -> None:
    for one, other in combinations(PARTS, 2):
        assert not {family(thing) for thing in players.things[one]} & {
            family(thing) for thing in players.things[other]
        }
        assert not set(players.faces[one]) & set(players.faces[other])


def test_parts_are_large_enough_and_have_moods_of_the_whole_range(players: Cast) -> None:
    assert len(players.things["corpus"]) > 300 and len(players.things["test"]) > 80
    assert len(players.faces["corpus"]) >= 30 and len(players.faces["test"]) >= 15
    assert players.faces["train"] == ()
    for part in ("corpus", "test"):
        moods = [valence(face) for face in players.faces[part]]
        assert min(moods) < -0.3 and max(moods) > 0.6


def test_things_have_no_face() -> None:
    names = {glyph.names[0] for glyph in read_glyphs() if is_thing(glyph)}
    assert {"taco", "bicycle", "penguin", "umbrella"} <= names
    assert not {"dog face", "baby", "red heart", "grinning face", "skull", "detective", "kiss mark"} & names


def test_the_cast_follows_the_seed(players: Cast, recipe: SceneRecipe) -> None:
    assert cast(read_glyphs(), recipe) == players
    other = cast(read_glyphs(), recipe.model_copy(update={"seed": 1}))
    assert other.things["test"] != players.things["test"] and other.faces["test"] != players.faces["test"]
