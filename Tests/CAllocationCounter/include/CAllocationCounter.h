#ifndef CALLOCATIONCOUNTER_H
#define CALLOCATIONCOUNTER_H

/// Allocations of this thread since it began; -1 where the C library is another than glibc.
///
/// An executable that links this file allocates through it: its `malloc` stands before that of the library.
long allocation_count(void);

#endif
