"""How much memory do all stores of a worker take, however many partitions it has?

Blocks that were read and what is not yet in files share one cache of a fixed size. Beyond it, each store holds the index and
the filter of its files: 6 B a page.
"""

from __future__ import annotations

from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, WriteBufferManager

MIB = 1024 * 1024
CACHE_BYTES = 64 * MIB  # blocks and what is not yet in files, all stores of a worker together
UNFLUSHED_BYTES = 32 * MIB  # of these, what is not yet in files
_ONE_STORES_UNFLUSHED_BYTES = 8 * MIB
_BLOCK_BYTES = 4096  # a handful of pages: what is read for one of them
_FILTER_BITS = 10  # a key; one in a hundred looks for a page that is not there reads a block
_NEVER = -1


class StoreMemory:
    """The memory that all stores of a worker share."""

    def __init__(self, cache_bytes: int = CACHE_BYTES, unflushed_bytes: int = UNFLUSHED_BYTES) -> None:
        self._cache = Cache(cache_bytes)
        self._buffers = WriteBufferManager.new_write_buffer_manager_with_cache(unflushed_bytes, False, self._cache)

    @property
    def used_bytes(self) -> int:
        """Blocks and unflushed pages in memory now."""
        return self._cache.get_usage()

    def options(self) -> Options:
        """Options of a store within this memory."""
        blocks = BlockBasedOptions()
        blocks.set_block_cache(self._cache)
        blocks.set_block_size(_BLOCK_BYTES)
        blocks.set_format_version(5)
        # Indexes and filters stay outside of the cache: the cache is cut into parts that a big one does not fit into, and
        # it would be read and checked again at every look (300 µs).
        blocks.set_bloom_filter(_FILTER_BITS, False)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(blocks)
        options.set_write_buffer_manager(self._buffers)
        options.set_write_buffer_size(_ONE_STORES_UNFLUSHED_BYTES)
        options.set_arena_block_size(128 * 1024)
        options.set_compression_type(DBCompressionType.lz4())
        options.set_level_compaction_dynamic_level_bytes(True)
        options.set_max_background_jobs(2)
        options.set_level_zero_file_num_compaction_trigger(8)  # with 4, a fifth more work for looks as quick
        # A writer that waits for the compaction would hold Python's lock, and with it everything else.
        options.set_level_zero_slowdown_writes_trigger(_NEVER)
        options.set_level_zero_stop_writes_trigger(1_000_000)
        options.set_soft_pending_compaction_bytes_limit(0)
        options.set_hard_pending_compaction_bytes_limit(0)
        options.set_max_log_file_size(MIB)
        options.set_keep_log_file_num(2)
        options.set_stats_dump_period_sec(0)
        options.set_stats_persist_period_sec(0)
        return options
