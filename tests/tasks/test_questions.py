from advisor.tasks.answers import is_same_answer, reader
from advisor.tasks.questions import CHOICE_TEMPLATE, DATASETS, question_of

ROW = {
    "Question": "Which?",
    "Correct Answer": "yes",
    "Incorrect Answer 1": "no",
    "Incorrect Answer 2": "maybe",
    "Incorrect Answer 3": "never",
}


def test_options_are_shuffled_the_same_way_every_time():
    source = DATASETS["gpqa-diamond"]
    made = [question_of(source, f"gpqa-diamond-{i}", ROW, CHOICE_TEMPLATE) for i in range(200)]
    assert made == [question_of(source, f"gpqa-diamond-{i}", ROW, CHOICE_TEMPLATE) for i in range(200)]
    for q in made:
        assert f"{q.reference}) yes" in q.prompt
        assert is_same_answer("choice", q.reference, f"so \\boxed{{{q.reference}}}")
    assert {q.reference for q in made} == set("ABCD")
    assert all(30 < sum(q.reference == letter for q in made) < 75 for letter in "ABCD")
    assert reader("choice")("The answer is \\boxed{C}") == "C"
