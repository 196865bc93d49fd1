// A plain KafkaConsumer, Jackson's streaming parser and a fold in arrays: how fast Java can be when nothing is published or saved.
package tidemark.peers;

import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public final class ConsumerPeer {
    private static final Duration POLL = Duration.ofMillis(100);

    private ConsumerPeer() {}

    public static void main(String[] arguments) {
        Run run = Run.ofEnvironment();
        if (run.warmEvents() > 0) runUpTo(run, "-warm", run.warmEvents());
        Run.Usage before = Run.begin();
        ArrayFold fold = runUpTo(run, "", run.events());
        Run.end(run.events(), before);
        fold.figures().write(run.figuresFile());
        System.out.println("figures are written");
    }

    private static ArrayFold runUpTo(Run run, String suffix, long events) {
        ArrayFold fold = new ArrayFold();
        Event event = new Event();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings(run, suffix))) {
            consumer.subscribe(List.of(run.topic()));
            for (long seen = 0; seen < events; ) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    event.read(record.value());
                    fold.apply(record.partition(), event);
                    seen++;
                }
            }
        }
        return fold;
    }

    /** Whatever is not said here is as by default. */
    private static Properties settings(Run run, String suffix) {
        Properties settings = new Properties();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, run.brokers());
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, run.group() + suffix);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        if (suffix.isEmpty()) System.out.println("settings: " + settings);
        return settings;
    }
}
