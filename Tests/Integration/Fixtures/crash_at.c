// Preloaded into a service under test: counts every change that it makes to the slots and downloads of its state folder,
// and ends it by SIGKILL at the one numbered CRASH_AT, half-way through where that is a write. CRASH_LOG names them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int count;

// Whether it is time to die. Only one thread of an edge writes here, so a plain number will do.
static int counted(const char *what, const char *path) {
    if (!strstr(path, "/slots") && !strstr(path, "/downloads")) return 0;
    int number = atomic_fetch_add(&count, 1) + 1;
    const char *log = getenv("CRASH_LOG"), *at = getenv("CRASH_AT");
    if (log) {
        char line[512];
        int length = snprintf(line, sizeof line, "%d %s %s\n", number, what, path);
        int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (file >= 0) {
            syscall(SYS_write, file, line, length);
            syscall(SYS_close, file);
        }
    }
    return at && number == atoi(at);
}

static void die(void) { syscall(SYS_kill, getpid(), SIGKILL); }

static const char *name(int file, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

#define ORIGINAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (flags & O_CREAT && counted("open", path)) die();
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
    char path[4096];
    if (counted("write", name(file, path, sizeof path))) {
        syscall(SYS_pwrite64, file, bytes, size / 2, offset);
        die();
    }
    return ORIGINAL(pwrite)(file, bytes, size, offset);
}

int posix_fallocate(int file, off_t offset, off_t size) {
    char path[4096];
    if (counted("reserve", name(file, path, sizeof path))) die();
    return ORIGINAL(posix_fallocate)(file, offset, size);
}

int fsync(int file) {
    char path[4096];
    if (counted("flush", name(file, path, sizeof path))) die();
    return ORIGINAL(fsync)(file);
}

int rename(const char *from, const char *to) {
    if (counted("rename", to)) die();
    return ORIGINAL(rename)(from, to);
}

int unlink(const char *path) {
    if (counted("remove", path)) die();
    return ORIGINAL(unlink)(path);
}

int mkdir(const char *path, mode_t mode) {
    if (counted("folder", path)) die();
    return ORIGINAL(mkdir)(path, mode);
}
