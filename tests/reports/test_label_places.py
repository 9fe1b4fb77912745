"""Labels beside their points."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.reports.label_places import Box, Label, misleads, placed

FRAME = Box(0, 0, 100, 50)


def label(x, y, width=20, height=4):
    return Label(Box(x - 1, y - 1, x + 1, y + 1), width, height)


def test_the_right_comes_first_then_the_left_then_above_and_below():
    point = label(50, 25)
    right, left = Box(53, 23, 73, 27), Box(27, 23, 47, 27)
    above, below = Box(40, 28, 60, 32), Box(40, 18, 60, 22)
    for taken, place in (([], right), ([right], left), ([right, left], above), ([right, left, above], below)):
        assert placed([point], FRAME, taken=taken, far=[2]) == [place]


def test_at_the_edge_it_stays_inside():
    assert placed([label(90, 25)], FRAME, far=[2]) == [Box(67, 23, 87, 27)]


def test_the_nearest_distance_that_is_free_is_taken():
    wall = [Box(0, 10, 100, 40)]
    (place,) = placed([label(50, 25)], FRAME, taken=wall, far=[2, 14])
    assert place == Box(40, 40, 60, 44)
    assert placed([label(50, 25)], FRAME, taken=wall, far=[2]) == [None]


def test_what_is_avoided_is_covered_only_where_nothing_else_is_free():
    line = Box(50, 24, 100, 26)
    assert placed([label(50, 25)], FRAME, avoided=[line], far=[2]) == [Box(27, 23, 47, 27)]
    everything = [FRAME, line]
    assert placed([label(50, 25)], FRAME, avoided=everything, far=[2]) == [Box(27, 23, 47, 27)]


def test_a_label_keeps_away_from_other_points():
    two = [label(50, 25), label(78, 25)]
    assert placed(two, FRAME, far=[2])[0] == Box(53, 23, 73, 27)
    assert placed(two, FRAME, far=[2], apart=6)[0] == Box(27, 23, 47, 27)


def test_a_label_is_nearest_to_its_own_point_where_it_can_be():
    near = Box(74, 24, 76, 26)  # two beyond the place to the right
    assert placed([label(50, 25)], FRAME, far=[2], marks=[near]) == [Box(27, 23, 47, 27)]
    everywhere = [Box(x, y, x + 1, y + 1) for x in range(20, 80, 4) for y in range(10, 40, 4)]
    (place,) = placed([label(50, 25)], FRAME, far=[2], marks=everywhere)
    assert misleads(place, label(50, 25).point, everywhere)


def test_gaps_are_those_of_the_nearest_corners_or_sides():
    assert Box(0, 0, 1, 1).gap(Box(4, 5, 6, 7)) == 5
    assert Box(4, 5, 6, 7).gap(Box(0, 0, 1, 1)) == 5
    assert Box(0, 0, 1, 1).gap(Box(0.5, 3, 6, 7)) == 2
    assert Box(0, 0, 2, 2).gap(Box(1, 1, 6, 7)) == 0
    assert not misleads(Box(0, 0, 1, 1), Box(2, 0, 3, 1), [Box(2, 0, 3, 1), Box(5, 0, 6, 1)])
    assert misleads(Box(0, 0, 1, 1), Box(2, 0, 3, 1), [Box(-2, 0, -1, 1)])


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 49)), min_size=1, max_size=15))
@settings(max_examples=80, deadline=None)
def test_no_label_covers_another_or_a_point(points):
    labels = [label(x, y) for x, y in points]
    found = [box for box in placed(labels, FRAME, far=[1, 5, 12], apart=3) if box]
    assert not any(a.overlaps(b) for a, b in combinations(found, 2))
    assert not any(box.overlaps(each.point) for box in found for each in labels)
    assert all(FRAME.holds(box) for box in found)
