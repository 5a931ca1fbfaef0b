"""What the sandbox runs, built from Go modules and Debian packages into a cache outside the work tree.

``binary("helm")`` is a program, ``bin_dir("etcd", "kube-light")`` a folder with the programs of some parts.
``images()`` are image archives, ``charts()`` chart archives; ``debian.install("node")`` installs packages.
What is missing is built first (minutes, with progress on standard error); what is built costs milliseconds.
"""

from tests.sandbox.build.api import bin_dir, binary, charts, extra_image, images
from tests.sandbox.build.charts import Chart
from tests.sandbox.build.errors import BuildError

__all__ = ["BuildError", "Chart", "bin_dir", "binary", "charts", "extra_image", "images"]
