/* Functions that take and return records by value, for the tests of calls. */
typedef struct { double x, y; } point;
typedef struct { int id; float weight; } item;
typedef struct { long a, b, c; } triple;
typedef union { int i; unsigned char bytes[5]; } mixed;
typedef struct { char tag; point at; item items[2]; } nested;

point point_add(point a, point b) { return (point){a.x + b.x, a.y + b.y}; }
item item_double(item a) { return (item){a.id * 2, a.weight * 2}; }
triple triple_rotate(triple t) { return (triple){t.b, t.c, t.a}; }
int mixed_last(mixed m) { return m.bytes[4]; }
nested nested_shift(nested n, double by) {
    n.at.x += by;
    n.items[1].id += n.tag;
    return n;
}
point apply(point (*f)(point, int), point p, int n) { return f(p, n); }
triple apply_triple(triple (*f)(triple), triple t) { return f(t); }
_Bool flip(_Bool b) { return !b; }
unsigned char next_byte(unsigned char c) { return c + 1; }
short negate(short s) { return -s; }
float half(float f) { return f / 2; }
int call_twice(int (*f)(int), int n) { return f(n) + f(n + 1); }
