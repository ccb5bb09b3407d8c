package bench;

import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;

/** Arguments: idiomatic or expert, Kafka's address, topic of calls, topic of KPIs, application id, state folder. */
public final class Main {
    static final int EVERY_MS = 500;

    private Main() {}

    public static void main(String[] words) {
        boolean expert = words[0].equals("expert");
        Topology topology = new Topology();
        topology.addSource("calls", Serdes.String().deserializer(), new Call.Reader(), words[2]);
        if (expert) {
            topology.addProcessor("count", Expert::new, "calls").addStateStore(new LivePages.Builder(), "count");
        } else {
            topology.addProcessor("count", Idiomatic::new, "calls").addStateStore(Idiomatic.store(), "count");
        }
        topology.addSink("kpis", words[3], Serdes.String().serializer(), Serdes.ByteArray().serializer(), "count");
        KafkaStreams streams = new KafkaStreams(topology, settings(words[1], words[4], words[5]));
        streams.setStateListener((now, before) -> System.out.println(now));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            System.exit(1);
            return null;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    private static Properties settings(String kafka, String application, String folder) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, kafka);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, EVERY_MS);
        // Never full, so that a page is written once a commit.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 2L << 30);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), "bench");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        return settings;
    }
}
