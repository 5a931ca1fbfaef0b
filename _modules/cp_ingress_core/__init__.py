"""The library behind the execution modules: plain, typed Python without Salt's injected names."""

__version__ = "0.1.0"

# Salt's loader walks every package under _modules: nothing of the library becomes an execution function.
__load__ = ()
