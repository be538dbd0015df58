"""PackedFiles: small files side by side in a few blocks of bytes."""

import numpy as np


class PackedFiles:
    """A sequence of byte strings that lie in blocks; choosing some copies none.

    Args:
        blocks: uint8 arrays, in memory or mapped from a disk.
        block: int32 (n,), the block that each file lies in.
        start: int64 (n,), where in the block.
        length: int64 (n,), bytes of each file.
        names: what to call each block in a message, for instance its path.
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
        """The files of one block that lie there one after another."""
        length = np.asarray(length, np.int64)
        start = np.cumsum(length) - length
        return cls((block,), np.zeros(len(length)), start, length, (name,))

    @classmethod
    def join(cls, several):
        """The files of several, in their order."""
        several = list(several)
        blocks: list[np.ndarray] = []
        names, places = [], []
        positions: dict[int, int] = {}
        for files in several:
            for block, name in zip(files.blocks, files.names, strict=True):
                if id(block) not in positions:
                    positions[id(block)] = len(blocks)
                    blocks.append(block)
                    names.append(name)
            here = np.array([positions[id(block)] for block in files.blocks], np.int32)
            places.append(here[files.block])
        return cls(
            blocks,
            np.concatenate(places),
            np.concatenate([files.start for files in several]),
            np.concatenate([files.length for files in several]),
            names,
        )

    def take(self, indices):
        """Some of the files, in the same blocks."""
        return PackedFiles(
            self.blocks,
            self.block[indices],
            self.start[indices],
            self.length[indices],
            self.names,
        )

    def name(self, index):
        """What the block of a file is called."""
        return self.names[self.block[index]]

    def runs(self):
        """Pieces of the blocks that hold all files in their order, uint8 arrays."""
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
