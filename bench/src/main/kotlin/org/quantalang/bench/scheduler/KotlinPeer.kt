package org.quantalang.bench.scheduler

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Delay
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.yield

/** Kotlin coroutines on their default dispatcher. */
internal class KotlinPeer : TaskPeer {
    private val scope = CoroutineScope(Dispatchers.Default)

    /** The provider. */
    class Provider : TaskPeer.Provider {
        override fun name(): String = "kotlin"

        override fun start(workers: Int): TaskPeer {
            // Read when the dispatcher is first used.
            System.setProperty("kotlinx.coroutines.scheduler.core.pool.size", workers.toString())
            return KotlinPeer()
        }
    }

    override fun spawn(first: Int, count: Int, done: Countdown) {
        for (i in first until first + count) {
            scope.launch { done.end(i.toLong()) }
        }
    }

    override fun spawnLocal(count: Int, done: Countdown) {
        scope.launch { this@KotlinPeer.spawn(0, count, done) }
    }

    override fun chained(links: Int, done: Countdown) {
        fun link(number: Int) {
            if (number == links) done.end(links.toLong()) else scope.launch { link(number + 1) }
        }
        scope.launch { link(1) }
    }

    override fun pingPong(rounds: Int, done: Countdown) {
        scope.launch {
            for (i in 0 until rounds) {
                scope.launch {
                    val ping = CompletableDeferred<Int>()
                    val pong = CompletableDeferred<Int>()
                    scope.launch { pong.complete(ping.await()) }
                    ping.complete(i)
                    done.end(pong.await().toLong())
                }
            }
        }
    }

    override fun yields(tasks: Int, yields: Int, done: Countdown) {
        scope.launch {
            repeat(tasks) {
                scope.launch {
                    var yielded = 0
                    while (yielded < yields) {
                        yield()
                        yielded++
                    }
                    done.end(yielded.toLong())
                }
            }
        }
    }

    private class Counter(var count: Long = 0)

    override fun semaphore(tasks: Int, acquires: Int, done: Countdown) {
        val semaphore = Semaphore(1)
        val counter = Counter()
        val goal = tasks.toLong() * acquires
        scope.launch {
            repeat(tasks) {
                scope.launch {
                    var last = 0L
                    repeat(acquires) {
                        semaphore.acquire()
                        last = ++counter.count
                        semaphore.release()
                    }
                    done.end(if (last == goal) last else 0)
                }
            }
        }
    }

    override fun channel(capacity: Int, elements: Int, done: Countdown) {
        val channel = Channel<Int>(capacity)
        scope.launch {
            for (i in 0 until elements) channel.send(i)
        }
        scope.launch {
            var sum = 0L
            repeat(elements) { sum += channel.receive() }
            done.end(sum)
        }
    }

    /** By the interface that `withTimeout` uses: the coroutine around it would cost more. */
    @OptIn(InternalCoroutinesApi::class)
    override fun timers(batch: Int, batches: Int, done: Countdown) {
        scope.launch {
            val context = coroutineContext
            val delay = Dispatchers.Default as? Delay ?: defaultDelay()
            val nothing = Runnable {}
            var cancelled = 0L
            repeat(batches) {
                val set = Array<DisposableHandle>(batch) {
                    delay.invokeOnTimeout(3_600_000, nothing, context)
                }
                for (each in set) {
                    each.dispose()
                    cancelled++
                }
            }
            done.end(cancelled)
        }
    }

    @OptIn(InternalCoroutinesApi::class)
    private fun defaultDelay(): Delay =
        Class.forName("kotlinx.coroutines.DefaultExecutorKt")
            .getMethod("getDefaultDelay").invoke(null) as Delay

    override fun skynet(leaves: Int, done: Countdown) {
        scope.launch { done.end(node(0, leaves)) }
    }

    private suspend fun node(first: Long, leaves: Int): Long {
        if (leaves == 1) return first
        val each = leaves / CHILDREN
        val children = Array<Deferred<Long>>(CHILDREN) { i ->
            scope.async { node(first + i.toLong() * each, each) }
        }
        var sum = 0L
        for (child in children) sum += child.await()
        return sum
    }

    override fun close() {
        scope.cancel()
    }

    private companion object {
        const val CHILDREN = 10
    }
}
