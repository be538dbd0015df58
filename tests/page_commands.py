"""The command lines of a page, as a shell would take them apart."""

import re
import shlex

FENCE = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")


def blocks(text, language):
    """The text of each block of a page in a language, such as `sh`."""
    return [match[2] for match in FENCE.finditer(text) if match[1] == language]


def sentences(text):
    """A page without its blocks."""
    return FENCE.sub("", text)


def quoted(text):
    """What stands in backquotes within the sentences of a page, each on one line."""
    found = re.findall(r"`([^`]+)`", sentences(text))
    return [" ".join(words.split()) for words in found]


def commands(block):
    """Lists of the words of each command: variables replaced, comments left out.

    An assignment that stands alone is no command; one before a command is dropped.
    Of X=$(command) the command is taken, and $X are then words that the reader knows,
    three dots. Of a loop the first turn is taken.
    """
    variables, found, line = {}, [], ""
    block = re.sub(r"(?m)^for (\w+) in (\S+).*; do$", r"\1=\2", block)
    block = re.sub(r"(?m)^done$", "", block)
    block = re.sub(r"(\w+)=\$\((.*)\)", r"\1=...\n\2", block).replace("&&", "\n")
    for part in re.sub(r"\\\n\s*", " ", block).splitlines():
        # A variable that is not quoted is split into words; nothing else is replaced.
        line += re.sub(r'"?\$(\w+)"?', lambda m: variables.get(m[1], m[0]), part)
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            line += "\n"  # A quotation ends on a later line.
            continue
        line = ""
        while words and (assigned := re.fullmatch(r"(?s)(\w+)=(.*)", words[0])):
            variables[assigned[1]] = assigned[2]
            del words[0]
        if words:
            found.append(words)
    return found
