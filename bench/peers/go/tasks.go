// The rows of `quanta bench tasks` in Go: the same shapes, sizes and checksums.
//
//	go-tasks ROW WORKERS REPETITIONS
//
// Prints a line a repetition, `ms=... checksum=...`, and at the end `peakResidentBytes=...`.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	spawns       = 10_000
	remoteSpawns = 12_800
	chain        = 1_000
	rounds       = 1_000
	yielders     = 200
	yields       = 1_000
	contenders   = 4
	acquires     = 100_000
	capacity     = 64
	elements     = 1_000_000
	timersAtOnce = 1_000
	timerBatches = 1_000
	leaves       = 1_000_000
	children     = 10
	maxRemote    = 64
)

// countdown counts tasks that end and sums up their values: bits 40 to 63 the tasks left, below the sum.
type countdown struct {
	word int64
	done chan struct{}
}

const oneTask = int64(1) << 40

func newCountdown(tasks int) *countdown {
	return &countdown{word: int64(tasks) * oneTask, done: make(chan struct{}, 1)}
}

func (c *countdown) end(value int64) {
	if atomic.AddInt64(&c.word, value-oneTask) < oneTask {
		c.done <- struct{}{}
	}
}

func (c *countdown) wait() int64 {
	<-c.done
	return atomic.LoadInt64(&c.word)
}

func spawn(first, count int, done *countdown) {
	for i := first; i < first+count; i++ {
		value := int64(i)
		go func() { done.end(value) }()
	}
}

func spawnLocal() int64 {
	done := newCountdown(spawns)
	go spawn(0, spawns, done)
	return done.wait()
}

// spawnRemote: in Go every thread that spawns is a worker while it does; this one is locked to its own.
func spawnRemote() int64 {
	done := newCountdown(spawns)
	spawn(0, spawns, done)
	return done.wait()
}

func remote(threads int) func() int64 {
	return func() int64 {
		each := remoteSpawns / threads
		done := newCountdown(each * threads)
		var others sync.WaitGroup
		for i := 1; i < threads; i++ {
			others.Add(1)
			go func(thread int) {
				runtime.LockOSThread()
				spawn(thread*each, each, done)
				runtime.UnlockOSThread()
				others.Done()
			}(i)
		}
		spawn(0, each, done)
		others.Wait()
		return done.wait()
	}
}

func chained() int64 {
	done := newCountdown(1)
	var link func(number int)
	link = func(number int) {
		if number == chain {
			done.end(chain)
		} else {
			go link(number + 1)
		}
	}
	go link(1)
	return done.wait()
}

func pingPong() int64 {
	done := newCountdown(rounds)
	go func() {
		for i := 0; i < rounds; i++ {
			number := i
			go func() {
				ping := make(chan int, 1)
				pong := make(chan int, 1)
				go func() { pong <- <-ping }()
				ping <- number
				done.end(int64(<-pong))
			}()
		}
	}()
	return done.wait()
}

func yield() int64 {
	done := newCountdown(yielders)
	go func() {
		for i := 0; i < yielders; i++ {
			go func() {
				yielded := 0
				for yielded < yields {
					runtime.Gosched()
					yielded++
				}
				done.end(int64(yielded))
			}()
		}
	}()
	return done.wait()
}

// semaphore: a buffered channel is Go's.
func semaphore() int64 {
	done := newCountdown(contenders)
	permits := make(chan struct{}, 1)
	var count int64
	go func() {
		for i := 0; i < contenders; i++ {
			go func() {
				var last int64
				for k := 0; k < acquires; k++ {
					permits <- struct{}{}
					count++
					last = count
					<-permits
				}
				if last == contenders*acquires {
					done.end(last)
				} else {
					done.end(0)
				}
			}()
		}
	}()
	return done.wait()
}

func channel() int64 {
	done := newCountdown(1)
	elementsOf := make(chan int, capacity)
	go func() {
		for i := 0; i < elements; i++ {
			elementsOf <- i
		}
	}()
	go func() {
		var sum int64
		for i := 0; i < elements; i++ {
			sum += int64(<-elementsOf)
		}
		done.end(sum)
	}()
	return done.wait()
}

func timers() int64 {
	done := newCountdown(1)
	go func() {
		set := make([]*time.Timer, timersAtOnce)
		var cancelled int64
		for i := 0; i < timerBatches; i++ {
			for k := range set {
				set[k] = time.AfterFunc(time.Hour, func() {})
			}
			for k := range set {
				if set[k].Stop() {
					cancelled++
				}
			}
		}
		done.end(cancelled)
	}()
	return done.wait()
}

func node(first int64, leaves int, parent chan int64) {
	if leaves == 1 {
		parent <- first
		return
	}
	each := leaves / children
	sums := make(chan int64, children)
	for i := 0; i < children; i++ {
		go node(first+int64(i*each), each, sums)
	}
	var sum int64
	for i := 0; i < children; i++ {
		sum += <-sums
	}
	parent <- sum
}

func skynet() int64 {
	done := newCountdown(1)
	go func() {
		root := make(chan int64, 1)
		go node(0, leaves, root)
		done.end(<-root)
	}()
	return done.wait()
}

type row struct {
	runs int
	run  func() int64
}

func named(name string) (row, bool) {
	if threads := strings.TrimPrefix(name, "remote-"); threads != name {
		count, err := strconv.Atoi(threads)
		return row{40, remote(count)}, err == nil && count >= 1 && count <= maxRemote
	}
	found, ok := map[string]row{
		"spawn-local":  {50, spawnLocal},
		"spawn-remote": {50, spawnRemote},
		"chained":      {500, chained},
		"ping-pong":    {100, pingPong},
		"yield":        {5, yield},
		"semaphore":    {2, semaphore},
		"channel":      {1, channel},
		"timers":       {1, timers},
		"skynet":       {1, skynet},
	}[name]
	return found, ok
}

func peakResidentBytes() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(status), "\n") {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "VmHWM:" {
			kilobytes, _ := strconv.ParseInt(words[1], 10, 64)
			return kilobytes * 1024
		}
	}
	return 0
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 {
		fail("not a positive number: " + text)
	}
	return value
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "go-tasks: "+message)
	os.Exit(2)
}

func main() {
	if len(os.Args) != 4 {
		fail("usage: go-tasks ROW WORKERS REPETITIONS")
	}
	chosen, ok := named(os.Args[1])
	if !ok {
		fail("no such row: " + os.Args[1])
	}
	runtime.GOMAXPROCS(number(os.Args[2]))
	runtime.LockOSThread()
	for i := number(os.Args[3]); i > 0; i-- {
		start := time.Now()
		var checksum int64
		for run := 0; run < chosen.runs; run++ {
			checksum += chosen.run()
		}
		millis := float64(time.Since(start).Nanoseconds()) / 1e6
		fmt.Printf("ms=%.3f checksum=%d\n", millis, checksum)
	}
	fmt.Printf("peakResidentBytes=%d\n", peakResidentBytes())
}
