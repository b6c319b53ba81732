package org.quantalang.bench.scheduler

import cats.effect.{Deferred, FiberIO, IO}
import cats.effect.std.{Queue, Semaphore}
import cats.effect.unsafe.{IORuntime, IORuntimeConfig}

import scala.concurrent.duration._

/** Cats Effect's fibers on its work-stealing pool, with tracing off. */
private final class CatsEffectPeer(workers: Int) extends TaskPeer {
  private val (pool, _, stopPool) =
    IORuntime.createWorkStealingComputeThreadPool(threads = workers)
  private val (blocking, stopBlocking) = IORuntime.createDefaultBlockingExecutionContext()
  private implicit val runtime: IORuntime =
    IORuntime(pool, blocking, pool, () => { stopPool(); stopBlocking() }, IORuntimeConfig())

  override def spawn(first: Int, count: Int, done: Countdown): Unit = {
    var i = first
    while (i < first + count) {
      val value = i.toLong
      IO(done.end(value)).unsafeRunAndForget()
      i += 1
    }
  }

  private def times(count: Int)(body: Int => IO[Any]): IO[Unit] = {
    def from(i: Int): IO[Unit] = if (i == count) IO.unit else body(i) >> from(i + 1)
    from(0)
  }

  override def spawnLocal(count: Int, done: Countdown): Unit =
    times(count)(i => IO(done.end(i.toLong)).start).unsafeRunAndForget()

  override def chained(links: Int, done: Countdown): Unit = {
    def link(number: Int): IO[Unit] =
      if (number == links) IO(done.end(links.toLong)) else IO.defer(link(number + 1)).start.void
    link(1).unsafeRunAndForget()
  }

  override def pingPong(rounds: Int, done: Countdown): Unit = {
    def round(i: Int): IO[Unit] = for {
      ping <- Deferred[IO, Int]
      pong <- Deferred[IO, Int]
      _ <- ping.get.flatMap(pong.complete).start
      _ <- ping.complete(i)
      back <- pong.get
      _ <- IO(done.end(back.toLong))
    } yield ()
    times(rounds)(i => round(i).start).unsafeRunAndForget()
  }

  override def yields(tasks: Int, yields: Int, done: Countdown): Unit = {
    def loop(yielded: Int): IO[Unit] =
      if (yielded == yields) IO(done.end(yielded.toLong)) else IO.cede >> loop(yielded + 1)
    times(tasks)(_ => loop(0).start).unsafeRunAndForget()
  }

  override def semaphore(tasks: Int, acquires: Int, done: Countdown): Unit = {
    var count = 0L
    val goal = tasks.toLong * acquires
    def loop(semaphore: Semaphore[IO], left: Int, last: Long): IO[Unit] =
      if (left == 0) IO(done.end(if (last == goal) last else 0L))
      else
        (semaphore.acquire >> IO { count += 1; count } <* semaphore.release)
          .flatMap(loop(semaphore, left - 1, _))
    Semaphore[IO](1)
      .flatMap(semaphore => times(tasks)(_ => loop(semaphore, acquires, 0L).start))
      .unsafeRunAndForget()
  }

  override def channel(capacity: Int, elements: Int, done: Countdown): Unit = {
    def send(queue: Queue[IO, Int], i: Int): IO[Unit] =
      if (i == elements) IO.unit else queue.offer(i) >> send(queue, i + 1)
    def receive(queue: Queue[IO, Int], left: Int, sum: Long): IO[Unit] =
      if (left == 0) IO(done.end(sum))
      else queue.take.flatMap(element => receive(queue, left - 1, sum + element))
    Queue
      .bounded[IO, Int](capacity)
      .flatMap(queue => send(queue, 0).start >> receive(queue, elements, 0L).start)
      .unsafeRunAndForget()
  }

  /** By the pool's own scheduler, on a worker: the fiber around a sleep would cost more. */
  override def timers(batch: Int, batches: Int, done: Countdown): Unit =
    IO {
      val nothing: Runnable = () => ()
      val set = new Array[Runnable](batch)
      val delay = 1.hour
      var cancelled = 0L
      var i = 0
      while (i < batches) {
        var k = 0
        while (k < batch) {
          set(k) = pool.sleep(delay, nothing)
          k += 1
        }
        k = 0
        while (k < batch) {
          set(k).run()
          cancelled += 1
          k += 1
        }
        i += 1
      }
      done.end(cancelled)
    }.unsafeRunAndForget()

  override def skynet(leaves: Int, done: Countdown): Unit =
    node(0L, leaves).flatMap(sum => IO(done.end(sum))).unsafeRunAndForget()

  private def node(first: Long, leaves: Int): IO[Long] =
    if (leaves == 1) IO.pure(first)
    else {
      val each = leaves / CatsEffectPeer.Children
      def spawn(i: Int, fibers: List[FiberIO[Long]]): IO[List[FiberIO[Long]]] =
        if (i == CatsEffectPeer.Children) IO.pure(fibers)
        else IO.defer(node(first + i.toLong * each, each)).start.flatMap(f => spawn(i + 1, f :: fibers))
      def sum(fibers: List[FiberIO[Long]], total: Long): IO[Long] = fibers match {
        case fiber :: others => fiber.joinWithNever.flatMap(value => sum(others, total + value))
        case Nil => IO.pure(total)
      }
      spawn(0, Nil).flatMap(sum(_, 0L))
    }

  override def close(): Unit = runtime.shutdown()
}

object CatsEffectPeer {
  private val Children = 10

  /** The provider. */
  final class Provider extends TaskPeer.Provider {
    override def name(): String = "cats-effect"

    override def start(workers: Int): TaskPeer = {
      // Read when its classes are first used.
      System.setProperty("cats.effect.tracing.mode", "none")
      new CatsEffectPeer(workers)
    }
  }
}
