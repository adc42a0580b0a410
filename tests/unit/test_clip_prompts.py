import numpy as np
import pandas as pd

from dustjacket.clip.prompts import fixed_prompts, prompt, sampled_prompts

BOOKS = pd.DataFrame(
    {
        "title": ["Dracula", "Emma"] * 200,
        "author": ["Bram Stoker", None] * 200,
        "genre": ["Horror", "Romance"] * 200,
    }
)


def test_a_prompt_says_what_is_known():
    assert prompt("Emma") == "Emma"
    assert prompt("Emma", "Jane Austen") == "Emma by Jane Austen"
    assert prompt("Emma", None, "Romance") == "Emma, Romance"


def test_evaluation_prompts_name_the_author_and_the_genre_only_if_asked():
    assert fixed_prompts(BOOKS.head(2), genre=True) == [
        "Dracula by Bram Stoker, Horror",
        "Emma, Romance",
    ]
    assert fixed_prompts(BOOKS.head(2), genre=False) == ["Dracula by Bram Stoker", "Emma"]


def test_training_prompts_leave_out_at_random_and_the_same_for_the_same_seed():
    once, again = (
        sampled_prompts(BOOKS, genre=True, rng=np.random.default_rng(1)) for _ in range(2)
    )
    assert once == again
    assert set(once) == {
        "Dracula",
        "Dracula by Bram Stoker",
        "Dracula, Horror",
        "Dracula by Bram Stoker, Horror",
        "Emma",
        "Emma, Romance",
    }


def test_without_genre_no_training_prompt_names_one():
    texts = sampled_prompts(BOOKS, genre=False, rng=np.random.default_rng(1))
    assert not [text for text in texts if "Horror" in text or "Romance" in text]
