"""Random structures of characters, for property tests."""

from hypothesis import strategies as st

from hwgen_keras.characters import structure

OPERATORS = structure.OPERATORS
COMPONENTS = st.sampled_from("木口女子日月水火土金㇐㇑") | st.sampled_from(["㇐㇑㇒"])


def prefix_sequences():
    """Well-formed prefix sequences as tuples of tokens."""

    def grown(inner):
        return st.sampled_from(sorted(OPERATORS)).flatmap(
            lambda operator: st.tuples(*[inner] * len(OPERATORS[operator])).map(
                lambda operands: (operator, *(t for o in operands for t in o))
            )
        )

    return st.recursive(COMPONENTS.map(lambda token: (token,)), grown, max_leaves=6)


def structure_tables():
    return st.dictionaries(
        st.characters(categories=["Lo"]),
        st.lists(prefix_sequences(), min_size=1, max_size=3).map(tuple),
        min_size=1,
        max_size=5,
    )
