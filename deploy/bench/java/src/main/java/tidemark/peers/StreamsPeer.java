// Kafka Streams with the retention and activity of the car dealer's set: in-memory stores with caches and changelogs as by default, one thread.
package tidemark.peers;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;

public final class StreamsPeer {
    private static final String ACTORS = "actors";
    private static final String CELLS = "cells";
    private static final long POLL_MS = 20;

    private StreamsPeer() {}

    public static void main(String[] arguments) throws InterruptedException {
        Run run = Run.ofEnvironment();
        if (run.warmEvents() > 0) runUpTo(run, "-warm", run.warmEvents(), false);
        runUpTo(run, "", run.events(), true);
    }

    private static void runUpTo(Run run, String suffix, long events, boolean isMeasured) throws InterruptedException {
        AtomicLong seen = new AtomicLong();
        Properties settings = settings(run, suffix);
        if (isMeasured) System.out.println("settings: " + settings);
        KafkaStreams streams = new KafkaStreams(topology(run, seen), settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        Run.Usage before = Run.begin();
        streams.start();
        while (seen.get() < events) {
            if (streams.state() == KafkaStreams.State.ERROR) throw new IllegalStateException("Kafka Streams has failed");
            Thread.sleep(POLL_MS);
        }
        Figures figures = new Figures();
        if (isMeasured) readFigures(streams, figures);
        // Closing flushes the caches into the changelogs and commits: without it the work is not saved.
        streams.close();
        if (!isMeasured) return;
        Run.end(seen.get(), before);
        figures.write(run.figuresFile());
        System.out.println("figures are written");
    }

    private static Properties settings(Run run, String suffix) {
        Properties settings = new Properties();
        settings.putAll(Map.of(
            StreamsConfig.APPLICATION_ID_CONFIG, run.group() + suffix,
            StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, run.brokers(),
            StreamsConfig.STATE_DIR_CONFIG, run.folder().resolve("state").toString(),
            // Everything else as by default: at least once, commits every 30 s, 10 MiB of record caches, one thread.
            StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1));
        return settings;
    }

    private static Topology topology(Run run, AtomicLong seen) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(
            Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(ACTORS), Serdes.String(), ActorDays.serde()).withCachingEnabled());
        builder.addStateStore(
            Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(CELLS), Serdes.String(), Serdes.Long()).withCachingEnabled());
        Deserializer<Event> deserializer = (topic, bytes) -> {
            Event event = new Event();
            event.read(bytes);
            return event;
        };
        Serializer<Event> none = (topic, event) -> {
            throw new UnsupportedOperationException("events are not written");
        };
        builder
            .stream(run.topic(), Consumed.with(Serdes.String(), Serdes.serdeFrom(none, deserializer)).withTimestampExtractor(new OnTime(seen)))
            .process(() -> new Counter(seen), ACTORS, CELLS);
        return builder.build();
    }

    /** Drops what is late: older than the partition's newest event by more than the lateness. */
    private record OnTime(AtomicLong seen) implements TimestampExtractor {
        @Override
        public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
            long timeMs = ((Event) record.value()).timeMs;
            if (timeMs >= partitionTime - Run.LATENESS_MS) return timeMs;
            seen.incrementAndGet();
            return -1;
        }
    }

    /** Keeps each actor's days, and counts what changes by them; a partition's counts lie in its own task, and whoever asks adds them up. */
    private static final class Counter extends ContextualProcessor<String, Event, Void, Void> {
        private final AtomicLong seen;
        private KeyValueStore<String, ActorDays> actors;
        private KeyValueStore<String, Long> cells;

        Counter(AtomicLong seen) {
            this.seen = seen;
        }

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            super.init(context);
            actors = context.getStateStore(ACTORS);
            cells = context.getStateStore(CELLS);
        }

        @Override
        public void process(Record<String, Event> record) {
            if (record.value().isOfTheCabinet) apply(record);
            seen.incrementAndGet();
        }

        private void apply(Record<String, Event> record) {
            ActorDays known = actors.get(record.key());
            ActorDays actor = known == null ? new ActorDays() : known;
            if (actor.apply(record.value(), this::count)) actors.put(record.key(), actor);
        }

        private void count(String metric, int slice, int day, int column) {
            String name = Figures.name(metric, slice, day, column);
            Long before = cells.get(name);
            cells.put(name, before == null ? 1L : before + 1);
        }
    }

    private static void readFigures(KafkaStreams streams, Figures figures) {
        var cells = streams.store(StoreQueryParameters.fromNameAndType(CELLS, QueryableStoreTypes.<String, Long>keyValueStore()));
        try (KeyValueIterator<String, Long> all = cells.all()) {
            while (all.hasNext()) {
                KeyValue<String, Long> cell = all.next();
                figures.add(cell.key, cell.value);
            }
        }
    }
}
