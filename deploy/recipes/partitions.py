# Prints the partition that librdkafka itself gives to each key: python partitions.py PARTITIONER COUNT... with one key in hex per line of stdin.
# PARTITIONER: consistent (crc32, its default for keyed messages) or murmur2. Needs the package confluent-kafka, which carries the library.
import ctypes
import glob
import os
import sys

import confluent_kafka

packages = os.path.dirname(os.path.dirname(confluent_kafka.__file__))
library = ctypes.CDLL(glob.glob(os.path.join(packages, "confluent_kafka.libs", "librdkafka-*.so*"))[0])
partition_of = getattr(library, f"rd_kafka_msg_partitioner_{sys.argv[1]}")
partition_of.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p]
partition_of.restype = ctypes.c_int32

for line in sys.stdin:
    key = bytes.fromhex(line.strip())
    print(*(partition_of(None, key, len(key), int(count), None, None) for count in sys.argv[2:]))
