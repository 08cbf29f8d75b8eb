/* Lists hives with libhivex, for comparing with what clubar read: many in one process.
 *
 * Standard input holds hives, each after its length (32 bits, little-endian). Prints for each one a line `H`, then a line
 * `K depth name filetime subkeys values` a key, its values after it (`V name type size sum`) and before its subkeys; `E why` where libhivex
 * refuses something, which ends the hive. Names are in hexadecimal; a filetime above 63 bits is `-`; sums are FNV-1a of the data.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <hivex.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void put_hex(const char *text) {
  for (; *text; text++) printf("%02x", (unsigned char)*text);
}

static int refused(const char *what) {
  printf("E\t%s: %s\n", what, strerror(errno));
  return -1;
}

static int list_value(hive_h *h, hive_value_h value) {
  char *name = hivex_value_key(h, value);
  if (!name) return refused("hivex_value_key");
  hive_type type;
  size_t size;
  char *data = hivex_value_value(h, value, &type, &size);
  if (!data) { free(name); return refused("hivex_value_value"); }
  uint32_t sum = 2166136261u;
  for (size_t i = 0; i < size; i++) sum = (sum ^ (unsigned char)data[i]) * 16777619u;
  printf("V\t");
  put_hex(name);
  printf("\t%" PRIu32 "\t%zu\t%" PRIu32 "\n", (uint32_t)type, size, sum);
  free(data);
  free(name);
  return 0;
}

static int list_key(hive_h *h, hive_node_h node, int depth) {
  char *name = hivex_node_name(h, node);
  if (!name) return refused("hivex_node_name");
  hive_value_h *values = hivex_node_values(h, node);
  if (!values) { free(name); return refused("hivex_node_values"); }
  hive_node_h *children = hivex_node_children(h, node);
  if (!children) { free(values); free(name); return refused("hivex_node_children"); }
  size_t value_count = 0, child_count = 0;
  while (values[value_count]) value_count++;
  while (children[child_count]) child_count++;
  int64_t time = hivex_node_timestamp(h, node);
  printf("K\t%d\t", depth);
  put_hex(name);
  if (time < 0) printf("\t-");
  else printf("\t%" PRId64, time);
  printf("\t%zu\t%zu\n", child_count, value_count);
  free(name);
  int result = 0;
  for (size_t i = 0; result == 0 && i < value_count; i++) result = list_value(h, values[i]);
  for (size_t i = 0; result == 0 && i < child_count; i++) result = list_key(h, children[i], depth + 1);
  free(values);
  free(children);
  return result;
}

int main(void) {
  unsigned char head[4];
  while (fread(head, 1, 4, stdin) == 4) {
    size_t length = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
    char *bytes = malloc(length ? length : 1);
    int file = memfd_create("hive", 0);
    if (!bytes || file < 0 || fread(bytes, 1, length, stdin) != length || write(file, bytes, length) != (ssize_t)length) {
      perror("hivex-batch");
      return 1;
    }
    free(bytes);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    puts("H");
    hive_h *h = hivex_open(path, 0);
    if (!h) refused("hivex_open");
    else {
      hive_node_h root = hivex_root(h);
      if (root) list_key(h, root, 0);
      else refused("hivex_root");
      hivex_close(h);
    }
    close(file);
  }
  return 0;
}
