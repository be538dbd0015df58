"""PackedFiles: small files side by side in a few blocks of bytes."""

import numpy as np


class PackedFiles:
    """A sequence of byte strings in blocks; a selection copies no bytes.

    Args:
        blocks: uint8 arrays, in memory or mapped from a disk.
        block: int32 (n,), the block of each file.
        start: int64 (n,), its position in the block.
        length: int64 (n,), its bytes.
        names: the name of each block for messages, for instance its path.
    """

    def __init__(self, blocks, block, start, length, names):
        self.blocks = tuple(blocks)
        self.block = np.asarray(block, np.int32)
        self.start = np.asarray(start, np.int64)
        self.length = np.asarray(length, np.int64)
        self.names = tuple(names)

    @classmethod
    def pack(cls, files, name="in memory"):
        """Packs byte strings into one block of memory."""
        length = np.array([len(file) for file in files], np.int64)
        return cls.in_block(np.frombuffer(b"".join(files), np.uint8), length, name)

    @classmethod
    def in_block(cls, block, length, name):
        """The consecutive files of one block."""
        length = np.asarray(length, np.int64)
        start = np.cumsum(length) - length
        return cls((block,), np.zeros(len(length)), start, length, (name,))

    @classmethod
    def join(cls, sequences):
        """Concatenates sequences; a block that they share is listed once."""
        blocks: dict[int, np.ndarray] = {}
        names: dict[int, str] = {}
        for files in sequences:
            blocks |= {id(block): block for block in files.blocks}
            names |= dict(zip(map(id, files.blocks), files.names, strict=True))
        positions = {identity: position for position, identity in enumerate(blocks)}
        numbers = [
            np.array([positions[id(block)] for block in files.blocks])[files.block]
            for files in sequences
        ]
        return cls(
            blocks.values(),
            np.concatenate(numbers),
            np.concatenate([files.start for files in sequences]),
            np.concatenate([files.length for files in sequences]),
            names.values(),
        )

    def take(self, indices):
        """A selection of the files, in the same blocks."""
        columns = (self.block, self.start, self.length)
        block, start, length = (column[indices] for column in columns)
        return PackedFiles(self.blocks, block, start, length, self.names)

    def name(self, index):
        """The name of a file's block."""
        return self.names[self.block[index]]

    def runs(self):
        """Consecutive pieces of the blocks, uint8 arrays, that hold all files."""
        if not len(self):
            return
        follows = self.block[1:] == self.block[:-1]
        follows &= self.start[1:] == (self.start + self.length)[:-1]
        firsts = np.concatenate([[0], np.flatnonzero(~follows) + 1])
        lasts = np.concatenate([firsts[1:], [len(self)]]) - 1
        for first, last in zip(firsts, lasts, strict=True):
            end = self.start[last] + self.length[last]
            yield self.blocks[self.block[first]][self.start[first] : end]

    def __len__(self):
        return len(self.length)

    def __getitem__(self, index):
        start = self.start[index]
        block = self.blocks[self.block[index]]
        return block[start : start + self.length[index]].tobytes()
