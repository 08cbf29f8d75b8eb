/* The work of the bench done with libhivex. Prints a line a round: wall and CPU milliseconds.
 *
 *   peer open    FILE ROUNDS          open (which looks at every cell) and close
 *   peer walk    FILE ROUNDS          every key, value and its data, of an open hive
 *   peer lookup  FILE ROUNDS COUNT    COUNT paths from the root
 *   peer insert  FILE ROUNDS COUNT    COUNT siblings with four values each into a copy, commit
 *   peer rewrite FILE ROUNDS          commit of an open hive to another file
 */
#define _GNU_SOURCE
#include <hivex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static volatile uint32_t touched;
static size_t keys, values, bytes;
static hive_node_h *all;
static size_t room;

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double wall, cpu;
static void begin(void) { wall = now(CLOCK_MONOTONIC); cpu = now(CLOCK_PROCESS_CPUTIME_ID); }
static void end(void) {
  printf("%.3f %.3f\n", now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
}

static void die(const char *what) { perror(what); exit(1); }

static hive_h *open_hive(const char *path, int flags) {
  hive_h *h = hivex_open(path, flags);
  if (!h) die(path);
  return h;
}

static void walk(hive_h *h, hive_node_h node, int keep) {
  char *name = hivex_node_name(h, node);
  if (name) { touched += strlen(name); free(name); }
  touched += (uint32_t)hivex_node_timestamp(h, node);
  if (keep) {
    if (keys >= room) { room = room ? room * 2 : 1024; all = realloc(all, room * sizeof *all); }
    all[keys] = node;
  }
  keys++;
  hive_value_h *list = hivex_node_values(h, node);
  for (size_t i = 0; list && list[i]; i++) {
    char *key = hivex_value_key(h, list[i]);
    if (key) { touched += (unsigned char)key[0]; free(key); }
    hive_type type;
    size_t length;
    char *data = hivex_value_value(h, list[i], &type, &length);
    if (data) { bytes += length; if (length) touched += (unsigned char)data[length / 2]; free(data); }
    values++;
  }
  free(list);
  hive_node_h *children = hivex_node_children(h, node);
  for (size_t i = 0; children && children[i]; i++) walk(h, children[i], keep);
  free(children);
}

static void lookup(hive_h *h, int rounds, size_t count) {
  walk(h, hivex_root(h), 1);
  char ***paths = calloc(keys, sizeof *paths);
  for (size_t i = 0; i < keys; i++) {
    char *names[600];
    int n = 0;
    for (hive_node_h q = all[i]; q != hivex_root(h) && n < 599; q = hivex_node_parent(h, q)) names[n++] = hivex_node_name(h, q);
    paths[i] = calloc(n + 1, sizeof(char *));
    for (int j = 0; j < n; j++) paths[i][j] = names[n - 1 - j];
  }
  while (rounds-- > 0) {
    begin();
    for (size_t i = 0; i < count; i++) {
      hive_node_h q = hivex_root(h);
      for (char **name = paths[(i * 7919) % keys]; *name && q; name++) q = hivex_node_get_child(h, q, *name);
      touched += !!q;
    }
    end();
  }
}

static void insert(const char *path, size_t count) {
  char name[64];
  uint32_t one = 1;
  hive_h *h = open_hive(path, HIVEX_OPEN_WRITE);
  begin();
  hive_node_h parent = hivex_node_add_child(h, hivex_root(h), "bench");
  for (size_t i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%08x-key", (uint32_t)(i * 2654435761u));
    hive_node_h n = hivex_node_add_child(h, parent, name);
    if (!n) die("add");
    hive_set_value set[] = {{"Name", 1, 10, "a\0b\0c\0d\0\0"}, {"State", 4, 4, (char *)&one},
      {"Weight", 4, 4, (char *)&one}, {"Id", 1, 18, "0\0001\0002\0003\0004\0005\0006\0007\0\0\0"}};
    if (hivex_node_set_values(h, n, 4, set, 0) == -1) die("set");
  }
  if (hivex_commit(h, getenv("OUT"), 0) == -1) die("commit");
  end();
  hivex_close(h);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *what = argv[1], *path = argv[2];
  int rounds = atoi(argv[3]);
  size_t count = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
  if (!strcmp(what, "open"))
    while (rounds-- > 0) { begin(); hivex_close(open_hive(path, 0)); end(); }
  else if (!strcmp(what, "walk")) {
    hive_h *h = open_hive(path, 0);
    while (rounds-- > 0) { keys = values = bytes = 0; begin(); walk(h, hivex_root(h), 0); end(); }
  } else if (!strcmp(what, "lookup")) lookup(open_hive(path, 0), rounds, count);
  else if (!strcmp(what, "insert")) while (rounds-- > 0) insert(path, count);
  else if (!strcmp(what, "rewrite")) {
    hive_h *h = open_hive(path, HIVEX_OPEN_WRITE);
    while (rounds-- > 0) { begin(); if (hivex_commit(h, getenv("OUT"), 0) == -1) die("commit"); end(); }
  } else return 2;
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  printf("# %zu keys %zu values %zu bytes %ld KiB\n", keys, values, bytes, use.ru_maxrss);
  return 0;
}
