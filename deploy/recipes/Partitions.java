// Prints the partition that Kafka's own Java client gives to each key: java -cp kafka-clients.jar Partitions.java COUNT… with one key in hex per line of stdin.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HexFormat;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

public class Partitions {
    public static void main(String[] counts) throws Exception {
        BufferedReader keys = new BufferedReader(new InputStreamReader(System.in));
        for (String line = keys.readLine(); line != null; line = keys.readLine()) {
            StringBuilder partitions = new StringBuilder();
            for (String count : counts) {
                if (partitions.length() > 0) partitions.append(' ');
                partitions.append(BuiltInPartitioner.partitionForKey(HexFormat.of().parseHex(line), Integer.parseInt(count)));
            }
            System.out.println(partitions);
        }
    }
}
