"""Makes a shape of a size, or the batch of a size, and says where it is."""

import sys

from benches import workload

*name, size = sys.argv[1:] or [str(workload.BATCH)]
if name:
    print(workload.SHAPES[name[0]].file(int(size)))
else:
    print(workload.describe(int(size)))
