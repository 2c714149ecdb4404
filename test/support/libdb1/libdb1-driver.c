/*
 * Drives the real Berkeley DB 1.85 (Debian's libdb1.so.2) from a script on standard input, for test/support/libdb1.
 *
 * Script:  { u8 code, u32 argument, u32 key length, key, u32 value length, value }*     (little-endian)
 * Answer:  for each operation { { u32 key length, key, u32 value length, value }* u32 0xFFFFFFFF, i32 rc, i32 errno }
 *
 * Codes:   O open (argument: O_ flags; key: path; value: six u32 flags cachesize minkeypage psize lorder mode)
 *          P put  D del  G get  g get without an answer  Q seq (argument: its code)  S scan  B scan backward
 *          n scan without an answer (all three: at most `argument` records, 0 = all)  Y sync  C close
 *          I counts since the last I: eight u64   T nanoseconds since the last T: u64
 *
 * read, write, lseek and fsync are defined here and exported (-rdynamic), so the library's calls arrive here and are
 * counted. A crash of the library is answered by flushing the answers made so far and dying by the same signal.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Berkeley DB 1.85's <db.h>, as far as it is used here. */
typedef struct { void *data; size_t size; } DBT;
typedef struct DB {
  int type;
  int (*close)(struct DB *);
  int (*del)(const struct DB *, const DBT *, unsigned);
  int (*get)(const struct DB *, const DBT *, DBT *, unsigned);
  int (*put)(const struct DB *, DBT *, const DBT *, unsigned);
  int (*seq)(const struct DB *, DBT *, DBT *, unsigned);
  int (*sync)(const struct DB *, unsigned);
  void *internal;
  int (*fd)(const struct DB *);
} DB;
typedef struct {
  unsigned long flags;
  unsigned cachesize;
  int maxkeypage, minkeypage;
  unsigned psize;
  int (*compare)(const DBT *, const DBT *);
  size_t (*prefix)(const DBT *, const DBT *);
  int lorder;
} BTREEINFO;
enum { DB_BTREE = 0, R_FIRST = 3, R_LAST = 6, R_NEXT = 7, R_PREV = 9 };

enum { READS, WRITES, META_READS, META_WRITES, BYTES_READ, BYTES_WRITTEN, FSYNCS, SHORT_READS, COUNTERS };
static uint64_t counts[COUNTERS];
static off_t position; /* of the library's file; it seeks before every transfer */

off_t lseek(int fd, off_t offset, int whence) {
  off_t result = syscall(SYS_lseek, fd, offset, whence);
  if (result >= 0) position = result;
  return result;
}
ssize_t read(int fd, void *buffer, size_t length) {
  ssize_t done = syscall(SYS_read, fd, buffer, length);
  counts[READS]++;
  if (position == 0) counts[META_READS]++;
  if (done < (ssize_t)length) counts[SHORT_READS]++;
  if (done > 0) counts[BYTES_READ] += done, position += done;
  return done;
}
ssize_t write(int fd, const void *buffer, size_t length) {
  ssize_t done = syscall(SYS_write, fd, buffer, length);
  counts[WRITES]++;
  if (position == 0) counts[META_WRITES]++;
  if (done > 0) counts[BYTES_WRITTEN] += done, position += done;
  return done;
}
int fsync(int fd) {
  counts[FSYNCS]++;
  return syscall(SYS_fsync, fd);
}

static unsigned char answers[1 << 20];
static volatile size_t answersLength;

static void flushAnswers(void) {
  size_t at = 0;
  while (at < answersLength) {
    long done = syscall(SYS_write, 1, answers + at, answersLength - at);
    if (done <= 0) _exit(4);
    at += done;
  }
  answersLength = 0;
}
static void emit(const void *bytes, size_t length) {
  const unsigned char *from = bytes;
  while (length > 0) {
    size_t part = sizeof answers - answersLength;
    if (part > length) part = length;
    memcpy(answers + answersLength, from, part); /* a wild library pointer faults here and is reported as its crash */
    answersLength += part, from += part, length -= part;
    if (answersLength == sizeof answers) flushAnswers();
  }
}
static void emit32(uint32_t value) { emit(&value, 4); }
static void emitRecord(const void *key, size_t keyLength, const void *value, size_t valueLength) {
  emit32(keyLength), emit(key, keyLength), emit32(valueLength), emit(value, valueLength);
}
static void crashed(int signal_) {
  flushAnswers();
  signal(signal_, SIG_DFL);
  raise(signal_);
}

static unsigned char *script;
static size_t scriptLength, at;

static void readScript(void) {
  size_t capacity = 1 << 16;
  script = malloc(capacity);
  for (;;) {
    if (scriptLength == capacity) script = realloc(script, capacity *= 2);
    long done = syscall(SYS_read, 0, script + scriptLength, capacity - scriptLength);
    if (done <= 0) break;
    scriptLength += done;
  }
}
static uint32_t take32(void) {
  uint32_t value;
  memcpy(&value, script + at, 4), at += 4;
  return value;
}
static DBT takeBytes(void) {
  DBT bytes;
  bytes.size = take32(), bytes.data = script + at, at += bytes.size;
  return bytes;
}

int main(int argc, char **argv) {
  void *library = dlopen(argc > 1 ? argv[1] : "libdb1.so.2", RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 3;
  DB *(*dbopen)(const char *, int, int, int, const void *) =
      (DB * (*)(const char *, int, int, int, const void *)) dlsym(library, "dbopen");
  if (!dbopen) return fprintf(stderr, "%s\n", dlerror()), 3;
  static unsigned char handlerStack[1 << 16]; /* the library's recursion may have used up the ordinary one */
  stack_t alternative = {.ss_sp = handlerStack, .ss_size = sizeof handlerStack};
  sigaltstack(&alternative, NULL);
  struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK | SA_NODEFER};
  int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM, SIGTERM};
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) sigaction(fatal[i], &action, NULL);
  readScript();
  alarm(argc > 2 ? atoi(argv[2]) : 60);

  DB *db = NULL;
  struct timespec last = {0, 0};
  while (at < scriptLength) {
    int code = script[at++], rc = 0;
    uint32_t argument = take32(), seen = 0;
    DBT key = takeBytes(), value = takeBytes();
    errno = 0;
    if (db == NULL && !strchr("OCIT", code)) {
      rc = -1, errno = EBADF; /* the open before it failed */
    } else if (code == 'O') {
      uint32_t info[6];
      char path[4096] = {0};
      memcpy(info, value.data, sizeof info);
      memcpy(path, key.data, key.size < sizeof path ? key.size : sizeof path - 1);
      BTREEINFO btree = {info[0], info[1], 0, (int)info[2], info[3], NULL, NULL, (int)info[4]};
      position = 0;
      db = dbopen(path, argument, info[5], DB_BTREE, &btree);
      rc = db ? 0 : -1;
    } else if (code == 'P') {
      rc = db->put(db, &key, &value, argument);
    } else if (code == 'D') {
      rc = db->del(db, &key, argument);
    } else if (code == 'G' || code == 'g') {
      rc = db->get(db, &key, &value, argument);
      if (rc == 0 && code == 'G') emitRecord(NULL, 0, value.data, value.size);
    } else if (code == 'Q') {
      rc = db->seq(db, &key, &value, argument);
      if (rc == 0) emitRecord(key.data, key.size, value.data, value.size);
    } else if (code == 'S' || code == 'B' || code == 'n') {
      rc = db->seq(db, &key, &value, code == 'B' ? R_LAST : R_FIRST);
      while (rc == 0) {
        if (code != 'n') emitRecord(key.data, key.size, value.data, value.size);
        if (++seen == argument) break;
        rc = db->seq(db, &key, &value, code == 'B' ? R_PREV : R_NEXT);
      }
    } else if (code == 'Y') {
      rc = db->sync(db, 0);
    } else if (code == 'C') {
      rc = db ? db->close(db) : 0;
      db = NULL;
    } else if (code == 'I') {
      emitRecord(counts, sizeof counts, NULL, 0);
      memset(counts, 0, sizeof counts);
    } else if (code == 'T') {
      struct timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      uint64_t elapsed = (now.tv_sec - last.tv_sec) * 1000000000ull + now.tv_nsec - last.tv_nsec;
      emitRecord(&elapsed, sizeof elapsed, NULL, 0);
      last = now;
    } else {
      return fprintf(stderr, "unknown operation %d\n", code), 2;
    }
    int error = errno;
    emit32(0xFFFFFFFF), emit32(rc), emit32(rc == -1 ? error : 0);
  }
  flushAnswers();
  return 0;
}
