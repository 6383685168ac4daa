"""Tweets become what BERTweet was trained on."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertweetTokenizer

from pacl_core.errors import UserError
from pacl_core.models.text_encoders.tweet import normalise_tweet
from tests.tiny_checkpoints import write_tiny_bertweet


def test_the_published_example():
    tweet = (
        "SC has first two presumptive cases of coronavirus, DHEC confirms "
        "https://postandcourier.com/health/covid19/sc-has-first-two-presumptive-cases-of-coronavirus-dhec-confirms"
        "/article_bddfe4ae-5fd3-11ea-9ce4-5f495366cee6.html via @postandcourier 😢"
    )
    expected = (
        "SC has first two presumptive cases of coronavirus , DHEC confirms HTTPURL via @USER :crying_face:"
    )
    assert normalise_tweet(tweet) == expected


@pytest.mark.parametrize(
    ("tweet", "normalised"),
    [
        ("", ""),
        ("I can't, won’t & cannot go", "I can't , wo n't & can not go"),
        ("see you at 7 p.m. at www.x.com", "see you at 7 p.m. at HTTPURL"),
        ("@me: they're   great\nIt's #fun", "@USER : they 're great It 's #fun"),
        ("wait… &amp; see", "wait ... & see"),
        ("a@b.com :-)", "a@b.com :-)"),
    ],
)
def test_words_marks_and_entities(tweet, normalised):
    assert normalise_tweet(tweet) == normalised


@pytest.fixture(scope="module")
def bertweet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bertweet")
    write_tiny_bertweet(folder)
    return BertweetTokenizer.from_pretrained(folder)


words = st.sampled_from(
    ["@me", "can't", "http://a.b/c?d=e", "😢", "❤️", "p.m.", "it's", "…", "’", "<3", "!!!!!", "#a_b"]
)


@settings(max_examples=60, deadline=None)
@given(tweet=st.lists(words | st.text(max_size=8), max_size=8).map(" ".join))
def test_same_as_transformers_own_normaliser(bertweet, tweet):
    assert normalise_tweet(tweet) == bertweet.normalizeTweet(tweet)


def test_a_missing_emoji_package_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "emoji", None)
    with pytest.raises(UserError, match="needs the package emoji; pip install"):
        normalise_tweet("a 😢")
